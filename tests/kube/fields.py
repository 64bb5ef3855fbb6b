"""Sets of fields: which fields an object has, how two objects differ, and the `fieldsV1` form.

A path is a tuple of elements as `fieldsV1` writes them: `f:name` for a field, `k:{"name":"x"}` and `v:"x"` for items.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.kube.kinds import Schema
from tests.kube.schema import ANY, child, is_atomic, is_field, items, list_key

Path = tuple[str, ...]
FieldSet = frozenset[Path]

# nobody owns what identifies an object, nor what the server keeps
_OF_THE_SERVER = (
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "managedFields",
    "selfLink",
)
_UNOWNED = {("f:apiVersion",), ("f:kind",), ("f:metadata",), *(("f:metadata", f"f:{name}") for name in _OF_THE_SERVER)}
_UNOWNED |= {("f:metadata", "f:deletionTimestamp"), ("f:metadata", "f:deletionGracePeriodSeconds")}


def fields(schema: Schema, value: Any) -> FieldSet:
    """The fields that a configuration sets."""
    return frozenset(_leaves(schema, value, ())) - _UNOWNED


def _leaves(schema: Schema, value: Any, path: Path) -> Iterator[Path]:
    if is_atomic(schema, value):
        yield path
        return
    for element, inner, each in parts(schema, value):
        yield from _leaves(inner, each, (*path, element))
        if each in (None, {}) or not (isinstance(value, dict) and is_field(schema, element[2:])):
            yield (*path, element)


def parts(schema: Schema, value: Any) -> Iterator[tuple[str, Schema, Any]]:
    """The elements of a granular map or an associative list, with their schemas."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield f"f:{name}", child(schema, name) or ANY, each
    else:
        for each in value:
            yield list_key(schema, each), items(schema), each


def differences(schema: Schema, old: Any, new: Any) -> tuple[FieldSet, FieldSet]:
    """(added or modified, removed) from one object to the next."""
    changed: set[Path] = set()
    removed: set[Path] = set()
    _differ(schema, old, new, (), changed, removed)
    return frozenset(changed) - _UNOWNED, frozenset(removed) - _UNOWNED


def _differ(schema: Schema, old: Any, new: Any, path: Path, changed: set[Path], removed: set[Path]) -> None:
    if is_atomic(schema, new) or is_atomic(schema, old) or type(old) is not type(new):
        if old != new:
            changed.add(path)
            removed.update(_everything(schema, old, path) - _everything(schema, new, path))
        return
    before = {element: each for element, _, each in parts(schema, old)}
    after = {element: (inner, each) for element, inner, each in parts(schema, new)}
    for element, (inner, each) in after.items():
        if element in before:
            _differ(inner, before[element], each, (*path, element), changed, removed)
        else:
            changed.update(_everything(inner, each, (*path, element)))
    for element, inner, each in parts(schema, old):
        if element not in after:
            removed.update(_everything(inner, each, (*path, element)))


def _everything(schema: Schema, value: Any, path: Path) -> set[Path]:
    """The path and all beneath it, inner nodes included."""
    found = {path}
    if not is_atomic(schema, value):
        for element, inner, each in parts(schema, value):
            found |= _everything(inner, each, (*path, element))
    return found


def to_v1(paths: FieldSet) -> dict[str, Any]:
    """The nested form of `fieldsV1`."""
    tree: dict[str, Any] = {}
    inner = {path[:depth] for path in paths for depth in range(1, len(path))}
    for path in sorted(paths):
        node = tree
        for element in path:
            node = node.setdefault(element, {})
        if path in inner:
            node["."] = {}
    return tree


def from_v1(tree: dict[str, Any], path: Path = ()) -> FieldSet:
    """The set that a `fieldsV1` writes down."""
    found: set[Path] = set()
    for element, below in tree.items():
        if element == ".":
            found.add(path)
        elif below:
            found |= from_v1(below, (*path, element))
        else:
            found.add((*path, element))
    return frozenset(found)


def spoken(path: Path) -> str:
    """A path as a conflict names it: `.spec.template.containers[name="x"].image`."""
    return "".join(_spoken(element) for element in path)


def _spoken(element: str) -> str:
    kind, _, text = element.partition(":")
    if kind == "f":
        return f".{text}"
    if kind == "v":
        return f"[={text}]"
    return "[" + text[1:-1].replace('":', "=").replace('"', "", 1).replace(',"', ",") + "]"
