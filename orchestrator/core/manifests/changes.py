"""What applying a fleet's objects would change in a cluster, object by object and field by field."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from orchestrator.core.manifests.manifest import Manifest

Object = Mapping[str, Any]
SERVERS_OWN = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp")  # of metadata
ABSENT = "(none)"


class Action(StrEnum):
    """What happens to an object."""

    CREATE = "create"
    CHANGE = "change"
    SAME = "same"
    REMOVE = "remove"  # it is the fleet's, and is not rendered any more


@dataclass(frozen=True)
class FieldChange:
    """One field that would be otherwise."""

    path: str  # as `kubectl explain` writes it
    old: Any
    new: Any


@dataclass(frozen=True)
class Change:
    """One object: what happens to it, and in which fields."""

    action: Action
    item: Object  # as it is rendered; of one that is removed, as it is
    fields: tuple[FieldChange, ...] = ()

    @property
    def name(self) -> str:
        return object_id(self.item)


def object_id(item: Object) -> str:
    """As `kubectl -o name` writes it."""
    group = item["apiVersion"].rpartition("/")[0]
    return f"{item['kind'].lower()}{f'.{group}' if group else ''}/{item['metadata']['name']}"


def change(item: Manifest, live: Object | None, applied: Object) -> Change:
    """Of a rendered object: `applied` is the live one as the server says that it would be."""
    if live is None:
        return Change(Action.CREATE, item)
    found = tuple(_differences("", _compared(live), _compared(applied)))
    return Change(Action.CHANGE if found else Action.SAME, item, found)


def removal(live: Object) -> Change:
    return Change(Action.REMOVE, live)


def differ(changes: tuple[Change, ...]) -> bool:
    """Whether there is anything to do."""
    return any(each.action is not Action.SAME for each in changes)


def _compared(item: Object) -> dict[str, Any]:
    """Without what the server or a controller writes."""
    metadata = {name: value for name, value in item["metadata"].items() if name not in SERVERS_OWN}
    return {**{name: value for name, value in item.items() if name != "status"}, "metadata": metadata}


def _differences(path: str, old: Any, new: Any) -> Iterator[FieldChange]:
    old, new = _opened(old, new)
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in dict.fromkeys((*old, *new)):
            yield from _differences(_below(path, name), old.get(name, ABSENT), new.get(name, ABSENT))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for place, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from _differences(f"{path}[{place}]", before, after)
    elif old != new:
        yield FieldChange(path, old, new)


def _below(path: str, name: str) -> str:
    """A name with dots in it, as a label's or a file's, stands in brackets."""
    return f"{path}[{name}]" if "." in name or "/" in name else f"{path}.{name}".lstrip(".")


def _opened(old: Any, new: Any) -> tuple[Any, Any]:
    """Texts that are JSON, such as a Serve config, are compared as what they say."""
    if isinstance(old, str) and isinstance(new, str) and old != new:
        opened = _json(old), _json(new)
        if all(isinstance(each, dict) for each in opened):
            return opened
    return old, new


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
