"""Structural schemas: what a field may be, its default, how lists and maps merge, and what is pruned."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

from tests.kube.kinds import OBJECT_META, Schema, definitions

ANY: Schema = {"x-kubernetes-preserve-unknown-fields": True}
_PREFIX = "#/$defs/"


def resolved(schema: Schema) -> Schema:
    """The schema with its reference followed; what stands beside a reference wins."""
    while "$ref" in schema:
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        schema = {**definitions()[schema["$ref"].removeprefix(_PREFIX)], **beside}
    return schema


def types(schema: Schema) -> tuple[str, ...]:
    """The JSON types that are allowed; none named: any."""
    named = schema.get("type", ())
    return tuple(each for each in ((named,) if isinstance(named, str) else named) if each != "null")


def keeps_unknown(schema: Schema) -> bool:
    return bool(schema.get("x-kubernetes-preserve-unknown-fields")) or not (
        types(schema) or "properties" in schema or "oneOf" in schema or "x-kubernetes-int-or-string" in schema
    )


def child(schema: Schema, name: str) -> Schema | None:
    """The schema of a field of an object; None: no such field."""
    properties = schema.get("properties", {})
    if name in properties:
        return resolved(properties[name])
    if schema.get("x-kubernetes-embedded-resource") and name in ("apiVersion", "kind", "metadata"):
        return resolved(OBJECT_META) if name == "metadata" else {"type": "string"}
    more = schema.get("additionalProperties")
    if isinstance(more, dict):
        return resolved(more)
    return ANY if more is True or keeps_unknown(schema) else None


def items(schema: Schema) -> Schema:
    return resolved(schema.get("items", ANY))


def is_field(schema: Schema, name: str) -> bool:
    """Whether a struct names this field, as opposed to a map that has it as a key."""
    return name in schema.get("properties", {})


def is_atomic(schema: Schema, value: Any) -> bool:
    """Whether a value is owned and replaced as one."""
    if isinstance(value, list):
        return schema.get("x-kubernetes-list-type", "atomic") == "atomic"
    return not isinstance(value, dict) or schema.get("x-kubernetes-map-type") == "atomic"


def list_key(schema: Schema, item: Any) -> str:
    """What tells an item of an associative list from its neighbours, as managed fields write it."""
    if schema.get("x-kubernetes-list-type") == "set":
        return "v:" + json.dumps(item)
    names = schema.get("x-kubernetes-list-map-keys", ())
    of_items = items(schema)
    keys = {name: item.get(name, _key_default(of_items, name)) for name in names}
    return "k:" + json.dumps(
        {name: keys[name] for name in sorted(keys) if keys[name] is not None}, separators=(",", ":")
    )


def _key_default(of_items: Schema, name: str) -> Any:
    default = (child(of_items, name) or {}).get("default")
    return "TCP" if default is None and name == "protocol" else default


def pruned(schema: Schema, value: Any) -> Any:
    """The value without the fields that the schema does not name, and without nulls where null is no value."""
    schema = resolved(schema)
    if isinstance(value, dict):
        return {name: pruned(inner, each) for name, each, inner in _known(schema, value)}
    if isinstance(value, list):
        return [pruned(items(schema), each) for each in value]
    return value


def unknown_fields(schema: Schema, value: Any, path: str = "") -> Iterator[str]:
    """The fields that pruning takes away."""
    schema = resolved(schema)
    if isinstance(value, dict):
        for name, each in value.items():
            inner = child(schema, name)
            if inner is None:
                yield f"{path}.{name}".lstrip(".")
            else:
                yield from unknown_fields(inner, each, f"{path}.{name}")
    elif isinstance(value, list):
        for place, each in enumerate(value):
            yield from unknown_fields(items(schema), each, f"{path}[{place}]")


def _known(schema: Schema, value: dict[str, Any]) -> Iterator[tuple[str, Any, Schema]]:
    for name, each in value.items():
        inner = child(schema, name)
        if inner is None or (each is None and not inner.get("nullable") and not keeps_unknown(inner)):
            continue
        yield name, each, inner


def defaulted(schema: Schema, value: Any) -> Any:
    """The value with the schema's defaults where a field is absent."""
    schema = resolved(schema)
    if isinstance(value, dict):
        fields = {name: defaulted(child(schema, name) or ANY, each) for name, each in value.items()}
        for name, inner in schema.get("properties", {}).items():
            if name not in fields and "default" in inner:
                fields[name] = defaulted(inner, copy.deepcopy(inner["default"]))
        return fields
    if isinstance(value, list):
        return [defaulted(items(schema), each) for each in value]
    return value
