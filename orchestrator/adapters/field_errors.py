"""What pydantic found wrong with one field, in words that name what was expected and what is there."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, get_args

import pydantic
from pydantic_core import ErrorDetails

EXPECTED = {
    "missing": "a value",
    "model_type": "a mapping of fields",
    "model_attributes_type": "a mapping of fields",
    "dict_type": "a mapping",
    "list_type": "a list",
    "tuple_type": "a list",
    "string_type": "text in quotes",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "too_short": "at least {min_length} item(s)",
    "too_long": "at most {max_length} item(s)",
    "string_too_short": "at least {min_length} character(s)",
    "string_pattern_mismatch": "text that matches {pattern}",
    "literal_error": "{expected}",
    "enum": "{expected}",
    "value_error": "{error}",
    "invalid_key": "a field's name",
}  # pydantic's error type -> what a person reads after "expected"; a validator's own words follow it too


def explain(model: type[pydantic.BaseModel], detail: ErrorDetails) -> str:
    """`field.path: expected …, got …` for one error of `model`."""
    place = ".".join(str(part) for part in detail["loc"]) or "the file"
    if detail["type"] == "extra_forbidden":
        return f"{place}: {_unknown_field(model, detail['loc'])}"
    got = "no such field" if detail["type"] == "missing" else _shown(detail["input"])
    return f"{place}: expected {_expected(detail)}, got {got}"


def _expected(detail: ErrorDetails) -> str:
    """The table's words, or pydantic's own where the table has none."""
    if detail["type"] in EXPECTED:
        return EXPECTED[detail["type"]].format_map(detail.get("ctx", {}))
    return detail["msg"].removeprefix("Input should be ")


def _unknown_field(model: type[pydantic.BaseModel], field: tuple[str | int, ...]) -> str:
    """The names that are allowed beside an unknown one, and the one that it resembles."""
    name, known = str(field[-1]), _known_fields(model, field[:-1])
    close = get_close_matches(name, known, n=1)
    meant = f" (did you mean {close[0]}?)" if close else ""
    return f"expected one of {', '.join(known)}, got {name}{meant}"


def _known_fields(model: type[pydantic.BaseModel], parents: tuple[str | int, ...]) -> list[str]:
    """The fields that are allowed at `parents`, found by walking the models' annotations."""
    models = [model]
    for part in parents:
        steps = [one.model_fields[str(part)].annotation for one in models if str(part) in one.model_fields]
        models = [found for step in steps for found in _models_in(step)] or models
    return [field.alias or name for one in models for name, field in one.model_fields.items()]


def _models_in(annotation: Any) -> Iterator[type[pydantic.BaseModel]]:
    """Every model that an annotation such as `dict[str, GpuEntry] | None` mentions."""
    if isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


def _shown(value: object) -> str:
    """A wrong value in a few characters; containers by their kind, for they may be huge."""
    if value is None:
        return "nothing"
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return repr(value)[:60]
