"""Dataclasses as data of JSON and back, by their annotations: for what is recorded, and what `-o json` prints.

Amounts keep five significant digits, times in Unix seconds (`at_s` and names that end so) milliseconds. JSON has no
number that is none: NaN, infinities and what is beyond all measure are null. What comes back is checked, since a file
can be edited.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import EnumType
from functools import cache
from math import isfinite, nan
from types import NoneType, UnionType
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

DIGITS = 5
MOST = 2**63  # beyond all measure: no sum or text of it is safe
LATEST_S = 253_370_764_800.0  # Unix time in which the year 9999 begins: no calendar goes further


class Codec(NamedTuple):
    """`plain` makes data of a value; `value` is the other way round, and raises ValueError with what was needed."""

    plain: Callable[[Any], Any]
    value: Callable[[Any], Any]


@cache
def codec(kind: Any, name: str = "") -> Codec:
    """Of one annotation; `name` is that of the field, which says whether it is a time."""
    if kind is float:
        return TIME if name.endswith("at_s") else AMOUNT
    if kind in (bool, int, str):
        return Codec(_whole if kind is int else _same, _checked(kind))
    if isinstance(kind, EnumType):
        return Codec(str, lambda data: kind(_checked(str)(data)))
    if is_dataclass(kind):
        return _record(kind)
    return _container(kind, name)


@cache
def codecs(kind: Any) -> Mapping[str, Codec]:
    """Of the fields of a dataclass, in their order."""
    return {name: codec(each, name) for name, each in hints(kind).items()}


@cache
def hints(kind: Any) -> Mapping[str, Any]:
    """The annotations of a dataclass's fields, in their order."""
    found = get_type_hints(kind)
    return {each.name: found[each.name] for each in fields(kind)}


def built(kind: Any, data: Any, read: Callable[[str, Codec, Any], Any]) -> Any:
    """A dataclass of what `data` has of its fields; others keep their default, and what else it has is left out.

    Raises ValueError where a field without a default is missing.
    """
    if not isinstance(data, dict):
        raise ValueError(f"{kind.__name__}: fields are needed, not {shown(data)}")
    try:
        return kind(**{name: read(name, each, data[name]) for name, each in codecs(kind).items() if name in data})
    except TypeError:
        raise ValueError(f"{kind.__name__}: a field is missing") from None


def shown(data: Any) -> str:
    """Data in a message, however long it is."""
    text = repr(data)
    return text if len(text) <= 40 else text[:39] + "…"


def _container(kind: Any, name: str) -> Codec:
    origin, parts = get_origin(kind), get_args(kind)
    if origin is UnionType:
        (some,) = (part for part in parts if part is not NoneType)
        return _optional(codec(some, name))
    if origin is tuple:
        return _several(codec(parts[0]))
    if origin is Mapping:
        return _mapping(codec(parts[1]))
    raise TypeError(f"{name}: {kind} has no form as data")


def _record(kind: Any) -> Codec:
    def plain(value: Any) -> Any:
        return {name: each.plain(getattr(value, name)) for name, each in codecs(kind).items()}

    return Codec(plain, lambda data: built(kind, data, _read))


def _read(name: str, each: Codec, data: Any) -> Any:
    try:
        return each.value(data)
    except ValueError as wrong:
        raise ValueError(f"{name}: {wrong}") from None


def _optional(some: Codec) -> Codec:
    return Codec(
        lambda value: None if value is None else some.plain(value),
        lambda data: None if data is None else some.value(data),
    )


def _several(one: Codec) -> Codec:
    listed = _checked(list)
    return Codec(
        lambda values: [one.plain(value) for value in values],
        lambda data: tuple(one.value(each) for each in listed(data)),
    )


def _mapping(one: Codec) -> Codec:
    table = _checked(dict)
    return Codec(
        lambda values: {key: one.plain(value) for key, value in values.items()},
        lambda data: {key: one.value(each) for key, each in table(data).items()},
    )


def _amount(value: float) -> float | None:
    rounded = float(f"{value:.{DIGITS}g}")
    return rounded if -MOST < rounded < MOST else None


def _whole(value: int) -> int:
    return min(max(1 - MOST, value), MOST - 1)


def _time(value: float) -> float | None:
    return round(min(max(0.0, value), LATEST_S - 1), 3) if isfinite(value) else None


def _number(data: Any) -> float:
    """None is what NaN was written as."""
    if data is None:
        return nan
    if type(data) not in (int, float) or not -MOST < data < MOST:
        raise ValueError(f"a number is needed, not {shown(data)}")
    return float(data)


def _moment(data: Any) -> float:
    """One that nobody knew is when all began."""
    if data is None:
        return 0.0
    if not 0 <= _number(data) < LATEST_S:
        raise ValueError(f"a time in Unix seconds is needed, not {shown(data)}")
    return float(data)


def _same(value: Any) -> Any:
    return value


def _checked(kind: type) -> Callable[[Any], Any]:
    def checked(data: Any) -> Any:
        if type(data) is not kind or (isinstance(data, int) and not -MOST < data < MOST):
            raise ValueError(f"{NAMES[kind]} is needed, not {shown(data)}")
        return data

    return checked


AMOUNT, TIME = Codec(_amount, _number), Codec(_time, _moment)
NAMES = {bool: "true or false", int: "a whole number", str: "a text", list: "a list", dict: "an object"}
