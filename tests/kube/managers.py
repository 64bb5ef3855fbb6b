"""Who owns which fields: managed fields after an update, and server-side apply with its conflicts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from tests.kube.errors import ApiError
from tests.kube.fields import FieldSet, Path, differences, fields, from_v1, spoken, to_v1
from tests.kube.kinds import Object, Schema
from tests.kube.merging import merged, without
from tests.kube.schema import resolved

STATUS = ("f:status",)


@dataclass(frozen=True, order=True)
class Manager:
    """One who writes: the same name applying and updating is two managers."""

    operation: str
    name: str
    api_version: str
    subresource: str = ""


Managers = dict[Manager, FieldSet]


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def managers(item: Object) -> Managers:
    """The owners that an object's metadata tells of."""
    return {
        Manager(entry["operation"], entry["manager"], entry["apiVersion"], entry.get("subresource", "")): from_v1(
            entry["fieldsV1"]
        )
        for entry in item.get("metadata", {}).get("managedFields", ())
    }


def with_managers(item: Object, owners: Managers, live: Object | None) -> Object:
    """The object with its owners written down; an entry that stays as it was keeps its time."""
    before = {_identity(entry): entry for entry in (live or {}).get("metadata", {}).get("managedFields", ())}
    entries = [_entry(owner, owners[owner]) for owner in sorted(owners) if owners[owner]]
    kept = [before[_identity(each)] if _same(before.get(_identity(each)), each) else each for each in entries]
    return {**item, "metadata": {**item["metadata"], "managedFields": kept}}


def _entry(owner: Manager, paths: FieldSet) -> Object:
    entry = {
        "manager": owner.name,
        "operation": owner.operation,
        "apiVersion": owner.api_version,
        "time": now(),
        "fieldsType": "FieldsV1",
        "fieldsV1": to_v1(paths),
    }
    return {**entry, "subresource": owner.subresource} if owner.subresource else entry


def _identity(entry: Object) -> tuple[str, ...]:
    return entry["manager"], entry["operation"], entry["apiVersion"], entry.get("subresource", "")


def _same(before: Object | None, entry: Object) -> bool:
    return before is not None and before["fieldsV1"] == entry["fieldsV1"]


def after_update(schema: Schema, live: Object | None, new: Object, writer: Manager) -> Managers:
    """Owners after a create, an update or a patch: the writer takes what it changed from whoever had it."""
    changed, removed = differences(resolved(schema), _bare(live), _bare(new))
    owners = {owner: paths - changed - removed for owner, paths in managers(live or {}).items()}
    mine = managers(live or {}).get(writer, frozenset())
    return {**owners, writer: (mine - removed) | changed}


def _bare(item: Object | None) -> Object:
    metadata = {name: each for name, each in (item or {}).get("metadata", {}).items() if name != "managedFields"}
    return {**(item or {}), "metadata": metadata}


def applied(schema: Schema, live: Object, config: Object, writer: Manager, force: bool) -> tuple[Object, Managers]:
    """Server-side apply: the configuration merged, what the writer no longer sets pruned, conflicts refused."""
    schema = resolved(schema)
    before = managers(live)
    mine = _of_endpoint(fields(schema, config), writer)
    others = {owner: paths for owner, paths in before.items() if owner != writer}
    stale = _unclaimed(before.get(writer, frozenset()) - mine, mine.union(*others.values()))
    new = without(schema, merged(schema, _bare(live), config), stale)
    changed, removed = differences(schema, _bare(live), _bare(new))
    clashes = {owner: paths & changed for owner, paths in others.items() if paths & changed}
    if clashes and not force:
        raise _conflict(clashes)
    kept = {owner: paths - clashes.get(owner, frozenset()) - removed for owner, paths in others.items()}
    return new, {**kept, writer: mine}


def _of_endpoint(paths: FieldSet, writer: Manager) -> FieldSet:
    """What may be owned through the object's own address, or through that of its status."""
    return frozenset(path for path in paths if (path[:1] == STATUS) is (writer.subresource == "status"))


def _unclaimed(paths: FieldSet, owned: FieldSet) -> FieldSet:
    """Those of the paths that nobody owns, nor anything beneath them."""
    held: set[Path] = {path[:depth] for path in owned for depth in range(1, len(path) + 1)}
    return frozenset(path for path in paths if path not in held)


def _conflict(clashes: Managers) -> ApiError:
    causes = [
        {"reason": "FieldManagerConflict", "message": _against(owner), "field": spoken(path)}
        for owner in sorted(clashes)
        for path in sorted(clashes[owner])
    ]
    plural = "conflict" if len(causes) == 1 else "conflicts"
    said = "\n".join(f"{cause['message']}: {cause['field']}" for cause in causes)
    return ApiError(
        409,
        "Conflict",
        f"Apply failed with {len(causes)} {plural}: {said}",
        details={"causes": causes},
    )


def _against(owner: Manager) -> str:
    through = f' with subresource "{owner.subresource}"' if owner.subresource else ""
    when = f" using {owner.api_version}" if owner.operation == "Update" else ""
    return f'conflict with "{owner.name}"{through}{when}'
