"""Structured merge: a configuration laid over an object, and fields taken out of it."""

from __future__ import annotations

from typing import Any

from tests.kube.fields import FieldSet, Path
from tests.kube.kinds import Schema
from tests.kube.schema import ANY, child, is_atomic, items, list_key


def merged(schema: Schema, live: Any, config: Any) -> Any:
    """Maps by field, associative lists by key, all else replaced."""
    if is_atomic(schema, config) or is_atomic(schema, live) or type(live) is not type(config):
        return config
    if isinstance(config, dict):
        both = {name: merged(child(schema, name) or ANY, live[name], config[name]) for name in config if name in live}
        return {**live, **config, **both}
    return _merged_list(schema, live, config)


def _merged_list(schema: Schema, live: list[Any], config: list[Any]) -> list[Any]:
    """The configuration's order for what it names; what only the live list has stays behind its neighbour."""
    old = {list_key(schema, each): each for each in live}
    new = {list_key(schema, each): each for each in config}
    both = {key: merged(items(schema), old[key], each) if key in old else each for key, each in new.items()}
    wanted = iter(both.items())
    out: list[Any] = []
    for key, each in old.items():
        if key not in new:
            out.append(each)
            continue
        for name, whole in wanted:
            out.append(whole)
            if name in old:
                break
    return [*out, *(whole for _, whole in wanted)]


def without(schema: Schema, value: Any, paths: FieldSet) -> Any:
    """The value without the fields at these paths, whole items before their keys; a map that this empties goes too."""
    for path in sorted(paths, key=len):
        value = _removed(schema, value, path)
    return value


def _removed(schema: Schema, value: Any, path: Path) -> Any:
    element, rest = path[0], path[1:]
    if isinstance(value, dict) and element.startswith("f:"):
        return _without_field(schema, value, element[2:], rest)
    if isinstance(value, list) and not is_atomic(schema, value):
        return [
            _removed(items(schema), each, rest) if rest and list_key(schema, each) == element else each
            for each in value
            if rest or list_key(schema, each) != element
        ]
    return value


def _without_field(schema: Schema, value: dict[str, Any], name: str, rest: Path) -> dict[str, Any]:
    if name not in value:
        return value
    others = {each: value[each] for each in value if each != name}
    if not rest:
        return others
    left = _removed(child(schema, name) or ANY, value[name], rest)
    emptied = left in ({}, []) and value[name] not in ({}, [])
    return others if emptied else {**value, name: left}
