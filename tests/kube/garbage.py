"""What goes when something goes: dependents of an owner, contents of a namespace, objects of a kind."""

from __future__ import annotations

from tests.kube.kinds import Object
from tests.kube.managers import now
from tests.kube.store import Key, Store

FOREGROUND, ORPHAN = "foregroundDeletion", "orphan"


def deleted(store: Store, key: Key, policy: str = "Background") -> Object:
    """Takes the object away, or marks it as going while a finalizer holds it; the collector does the rest."""
    live = store.get(key)
    assert live is not None
    if policy == "Orphan":
        _orphan(store, live["metadata"]["uid"])
    finalizers = list(live["metadata"].get("finalizers") or ())
    if policy == "Foreground" and FOREGROUND not in finalizers and _dependents(store, live["metadata"]["uid"]):
        finalizers.append(FOREGROUND)
    if key.plural == "namespaces" and not key.group:
        return _going(store, key, {**live, "status": {"phase": "Terminating"}}, finalizers)
    if finalizers:
        return _going(store, key, live, finalizers)
    return store.remove(key)


def _going(store: Store, key: Key, live: Object, finalizers: list[str]) -> Object:
    held = {"finalizers": finalizers} if finalizers else {}
    going = {"deletionTimestamp": now(), "deletionGracePeriodSeconds": 0, **live["metadata"], **held}
    return live if going == live["metadata"] else store.put(key, {**live, "metadata": going})


def collect(store: Store) -> None:
    """Until nothing changes: orphans of gone owners go, as do what foreground deletion and namespaces waited for."""
    while any([_collect_dependents(store), _collect_foreground(store), _collect_namespaces(store)]):
        pass


def _collect_dependents(store: Store) -> bool:
    uids = {item["metadata"]["uid"]: item for _, item in store.everything()}
    changed = False
    for key, item in store.everything():
        owners = item["metadata"].get("ownerReferences") or ()
        if not owners or "deletionTimestamp" in item["metadata"]:
            continue
        if all(owner["uid"] not in uids or _waits(uids[owner["uid"]]) for owner in owners):
            foreground = any(owner["uid"] in uids for owner in owners)
            deleted(store, key, "Foreground" if foreground else "Background")
            changed = True
    return changed


def _waits(owner: Object) -> bool:
    return FOREGROUND in (owner["metadata"].get("finalizers") or ())


def _collect_foreground(store: Store) -> bool:
    changed = False
    for key, item in store.everything():
        finalizers = item["metadata"].get("finalizers") or []
        if FOREGROUND in finalizers and not _dependents(store, item["metadata"]["uid"]):
            left = [each for each in finalizers if each != FOREGROUND]
            store.put(key, {**item, "metadata": {**item["metadata"], "finalizers": left}})
            if not left:
                store.remove(key)
            changed = True
    return changed


def _collect_namespaces(store: Store) -> bool:
    changed = False
    for key, item in store.everything():
        if key[:2] != ("", "namespaces") or "deletionTimestamp" not in item["metadata"]:
            continue
        inside = [(each, content) for each, content in store.everything() if each.namespace == key.name]
        for each, content in inside:
            if "deletionTimestamp" not in content["metadata"]:
                deleted(store, each)
                changed = True
        if not inside and not item["metadata"].get("finalizers"):
            store.remove(key)
            changed = True
    return changed


def _dependents(store: Store, uid: str) -> list[Key]:
    return [key for key, item in store.everything() if uid in _owner_uids(item)]


def _owner_uids(item: Object) -> list[str]:
    return [owner["uid"] for owner in item["metadata"].get("ownerReferences") or ()]


def _orphan(store: Store, uid: str) -> None:
    for key, item in store.everything():
        if uid in _owner_uids(item):
            left = [owner for owner in item["metadata"]["ownerReferences"] if owner["uid"] != uid]
            metadata = {name: each for name, each in item["metadata"].items() if name != "ownerReferences"}
            store.put(key, {**item, "metadata": {**metadata, **({"ownerReferences": left} if left else {})}})
