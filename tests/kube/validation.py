"""Whether a value is what its structural schema allows: causes in the API server's words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from tests.kube.kinds import Schema
from tests.kube.schema import child, items, list_key, resolved, types

Cause = dict[str, str]
_TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}


def causes(schema: Schema, value: Any, path: str = "") -> Iterator[Cause]:
    """Every way in which the value breaks its schema."""
    schema = resolved(schema)
    wrong = _wrong_type(schema, value)
    if wrong:
        yield _cause(path, "FieldValueTypeInvalid", f"Invalid value: {_type_name(value)}: {wrong}: {_type_name(value)}")
        return
    yield from _value_causes(schema, value, path)
    if isinstance(value, dict):
        yield from _object_causes(schema, value, path)
    elif isinstance(value, list):
        yield from _list_causes(schema, value, path)
    yield from _junctor_causes(schema, value, path)


def _cause(path: str, reason: str, message: str) -> Cause:
    return {"reason": reason, "message": message, "field": path.lstrip(".") or "<nil>"}


def _wrong_type(schema: Schema, value: Any) -> str:
    if value is None and (schema.get("nullable") or isinstance(schema.get("type"), list)):
        return ""
    if schema.get("x-kubernetes-int-or-string"):
        fits = isinstance(value, int | str) and not isinstance(value, bool)
        return "" if fits else f"{_where()} must be of type integer or string"
    allowed = types(schema)
    if not allowed or any(_TYPES[each](value) for each in allowed):
        return ""
    return f"{_where()} must be of type {allowed[0]}"


def _where() -> str:
    return "in body"


def _type_name(value: Any) -> str:
    named = next((name for name, is_type in _TYPES.items() if is_type(value)), "null")
    return f'"{named}"'


def _value_causes(schema: Schema, value: Any, path: str) -> Iterator[Cause]:
    for said in _broken_limits(schema, value):
        yield _cause(path, "FieldValueInvalid", f"Invalid value: {json.dumps(value)}: {said}")
    allowed = schema.get("enum")
    if allowed is not None and value is not None and value not in allowed:
        supported = ", ".join(json.dumps(each) for each in allowed)
        message = f"Unsupported value: {json.dumps(value)}: supported values: {supported}"
        yield _cause(path, "FieldValueNotSupported", message)


def _broken_limits(schema: Schema, value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from _broken_string(schema, value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _broken_number(schema, value)
    elif isinstance(value, list | dict):
        noun = (
            ("minItems", "maxItems", "items")
            if isinstance(value, list)
            else ("minProperties", "maxProperties", "properties")
        )
        if len(value) < schema.get(noun[0], 0):
            yield f"should have at least {schema[noun[0]]} {noun[2]}"
        if len(value) > schema.get(noun[1], len(value)):
            yield f"must have at most {schema[noun[1]]} {noun[2]}"


def _broken_string(schema: Schema, value: str) -> Iterator[str]:
    if len(value) < schema.get("minLength", 0):
        yield f"should be at least {schema['minLength']} chars long"
    if len(value) > schema.get("maxLength", len(value)):
        yield f"may not be more than {schema['maxLength']} bytes"
    pattern = schema.get("pattern")
    if pattern and not re.search(pattern, value):
        yield f"should match '{pattern}'"
    if schema.get("format") == "date-time" and not _is_time(value):
        yield f"must be of type date-time: {json.dumps(value)}"


def _is_time(value: str) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _broken_number(schema: Schema, value: float) -> Iterator[str]:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and (value < low or (schema.get("exclusiveMinimum") and value == low)):
        yield f"should be greater than{'' if schema.get('exclusiveMinimum') else ' or equal to'} {low}"
    if high is not None and (value > high or (schema.get("exclusiveMaximum") and value == high)):
        yield f"should be less than{'' if schema.get('exclusiveMaximum') else ' or equal to'} {high}"
    if schema.get("format") == "int32" and not -(2**31) <= value < 2**31:
        yield "must be of type int32"


def _object_causes(schema: Schema, value: dict[str, Any], path: str) -> Iterator[Cause]:
    for name in schema.get("required", ()):
        if value.get(name) is None:
            yield _cause(f"{path}.{name}", "FieldValueRequired", "Required value")
    for name, each in value.items():
        inner = child(schema, name)
        if inner is not None:
            yield from causes(
                inner, each, f"{path}.{name}" if name in schema.get("properties", ()) else f"{path}[{name}]"
            )


def _list_causes(schema: Schema, value: list[Any], path: str) -> Iterator[Cause]:
    for place, each in enumerate(value):
        yield from causes(items(schema), each, f"{path}[{place}]")
    if schema.get("x-kubernetes-list-type") not in ("map", "set") or not all(isinstance(each, dict) for each in value):
        return
    seen: set[str] = set()
    for place, each in enumerate(value):
        key = list_key(schema, each)
        if key in seen:
            yield _cause(f"{path}[{place}]", "FieldValueDuplicate", f"Duplicate value: {key[2:]}")
        seen.add(key)


def _junctor_causes(schema: Schema, value: Any, path: str) -> Iterator[Cause]:
    for each in schema.get("allOf", ()):
        yield from causes(each, value, path)
    said = json.dumps(value)
    matching = [sum(_fits(each, value) for each in schema.get(word, ())) for word in ("anyOf", "oneOf")]
    if schema.get("anyOf") and not matching[0]:
        yield _cause(path, "FieldValueInvalid", f"Invalid value: {said}: must validate at least one schema (anyOf)")
    if schema.get("oneOf") and matching[1] != 1 and value is not None:
        yield _cause(path, "FieldValueInvalid", f"Invalid value: {said}: must validate one and only one schema (oneOf)")
    if "not" in schema and _fits(schema["not"], value):
        yield _cause(path, "FieldValueInvalid", f"Invalid value: {said}: must not validate the schema (not)")


def _fits(schema: Schema, value: Any) -> bool:
    return next(causes(schema, value), None) is None
