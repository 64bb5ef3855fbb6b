"""What a pool remembers as plain data, and back by the types of its fields, so that another version's is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints


def to_data(value: Any) -> Any:
    """Dataclasses by their fields, tuples as lists."""
    if is_dataclass(value):
        return {field.name: to_data(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: to_data(each) for key, each in value.items()}
    return [to_data(each) for each in value] if isinstance(value, tuple) else value


def from_data(kind: Any, data: Any) -> Any:
    """A value of this type; raises ValueError, naming what was needed, for data of another."""
    if isinstance(kind, UnionType):
        return None if data is None and NoneType in get_args(kind) else from_data(_some(kind), data)
    if is_dataclass(kind):
        return kind(**_fields(kind, data))  # type: ignore[operator]
    if hasattr(kind, "_fields"):
        return kind(*_items(_hints(kind).values(), data))
    if get_origin(kind) is tuple:
        return tuple(from_data(get_args(kind)[0], each) for each in _checked(list, data))
    if isinstance(get_origin(kind), type) and issubclass(get_origin(kind), Mapping):
        return {key: from_data(get_args(kind)[1], each) for key, each in _checked(dict, data).items()}
    return float(_checked((int, float), data)) if kind is float else _checked(kind, data)


def _some(kind: UnionType) -> Any:
    return next(each for each in get_args(kind) if each is not NoneType)


def _fields(kind: Any, data: Any) -> dict[str, Any]:
    hints = _hints(kind)
    if not isinstance(data, dict) or data.keys() != hints.keys():
        raise ValueError(f"{kind.__name__} needs {', '.join(hints)}")
    return {name: from_data(each, data[name]) for name, each in hints.items()}


def _items(kinds: Any, data: Any) -> list[Any]:
    return [from_data(kind, each) for kind, each in zip(kinds, _checked(list, data), strict=True)]


def _checked(kind: Any, data: Any) -> Any:
    if not isinstance(data, kind) or isinstance(data, bool):
        raise ValueError(f"{kind} is needed, {type(data).__name__} is there")
    return data


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)
