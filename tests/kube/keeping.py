"""What happens when a new state is kept: no write where nothing changed, kinds come and go, garbage is collected."""

from __future__ import annotations

from tests.kube.admission import with_generation
from tests.kube.checks import Call
from tests.kube.garbage import collect
from tests.kube.kinds import Object
from tests.kube.managers import Managers, managers, with_managers
from tests.kube.registry import DEFINITIONS, Registry
from tests.kube.store import Key, Store


class Keeper:
    """Between those who change objects and the store."""

    def __init__(self, store: Store, registry: Registry) -> None:
        self.store, self.registry = store, registry

    def keep(self, call: Call, key: Key, live: Object | None, new: Object, owners: Managers) -> Object:
        """The state that is there from now on."""
        new = with_managers(new, owners, live)
        if live is not None:
            new = with_generation(call.kind, live, new)
            if _is_same(live, new):
                return live
        if call.request.dry_run:
            return new
        stored = self.store.put(key, _established(key, new))
        if key[:2] == DEFINITIONS:
            self.registry.define(stored)
        metadata = stored["metadata"]
        if "deletionTimestamp" in metadata and not metadata.get("finalizers") and key.plural != "namespaces":
            self.store.remove(key)
            self.after_removal(key)
        return stored

    def after_removal(self, key: Key) -> None:
        """A kind goes with its definition, dependents with their owners."""
        if key[:2] == DEFINITIONS and self.store.get(key) is None:
            for kind in self.registry.forget(key.name)[:1]:
                for item in self.store.select(kind):
                    metadata = item["metadata"]
                    self.store.remove(Key(kind.group, kind.plural, metadata.get("namespace", ""), metadata["name"]))
        collect(self.store)


def _is_same(live: Object, new: Object) -> bool:
    return managers(live) == managers(new) and _told(live) == _told(new)


def _told(item: Object) -> Object:
    """All but what the server keeps for itself."""
    metadata = {
        name: each for name, each in item["metadata"].items() if name not in ("managedFields", "resourceVersion")
    }
    return {**item, "apiVersion": "", "metadata": metadata}


def _established(key: Key, item: Object) -> Object:
    """Some kinds have controllers on every cluster: a namespace is active and a definition established at once."""
    if key[:2] == ("", "namespaces") and "status" not in item:
        return {**item, "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}
    if key[:2] == DEFINITIONS and "status" not in item:
        conditions = [{"type": each, "status": "True", "reason": each} for each in ("NamesAccepted", "Established")]
        names = item["spec"]["names"]
        return {**item, "status": {"conditions": conditions, "acceptedNames": names, "storedVersions": []}}
    return item
