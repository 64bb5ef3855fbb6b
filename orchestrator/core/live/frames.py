"""Snapshots of the named columns that a recording consists of, which `core.live.frame_text` writes."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import starmap
from types import MappingProxyType
from typing import Any, get_args, get_origin

from orchestrator.core.live.plain import Codec, built, codecs, hints, shown
from orchestrator.core.live.snapshot import Snapshot

Frame = dict[str, Any]
TABLES = MappingProxyType(
    {name: get_args(kind)[0] for name, kind in hints(Snapshot).items() if get_origin(kind) is tuple}
)
WHOLE_TABLES = frozenset(TABLES)
DOT = "."
MOST_ROWS = 1_000_000  # of any table, however often a recording says that it grows


def snapshot_of(frame: Frame, tables: frozenset[str] = WHOLE_TABLES) -> Snapshot:
    """The snapshot of a frame, of its tables only those that are asked for; raises ValueError where it is none."""
    parts = {name: part for name, part in _nested(frame).items() if name not in TABLES or name in tables}
    made: Snapshot = built(Snapshot, parts, _part)
    return made


def applied(before: Frame, change: Frame) -> Frame:
    """The frame after a change; raises ValueError where it does not go with `before`."""
    return before | {name: _changed(name, before.get(name), value) for name, value in change.items()}


def _nested(frame: Frame) -> dict[str, Any]:
    """`summary.in_flight` as the `in_flight` of `summary`."""
    flat: dict[str, Any] = {}
    grouped: dict[str, dict[str, Any]] = {}
    for name, value in frame.items():
        first, dot, rest = name.partition(DOT)
        if dot:
            grouped.setdefault(first, {})[rest] = value
        else:
            flat[name] = value
    return flat | grouped


def _part(name: str, each: Codec, data: Any) -> Any:
    try:
        return _rows(TABLES[name], data) if name in TABLES else each.value(data)
    except ValueError as wrong:
        raise ValueError(f"{name}{DOT}{wrong}" if name in TABLES or name == "summary" else f"{name}: {wrong}") from None


def _rows(kind: Any, columns: Any) -> tuple[Any, ...]:
    """The rows of a table; its columns are of one length."""
    if not isinstance(columns, dict):
        raise ValueError(f"{kind.__name__}: columns are needed, not {shown(columns)}")
    known = {name: _column(name, each, columns[name]) for name, each in codecs(kind).items() if name in columns}
    if len({len(values) for values in known.values()}) != 1:
        raise ValueError(f"{kind.__name__}: its columns are not of one length")
    return tuple(starmap(_row_maker(kind, tuple(known)), zip(*known.values(), strict=True)))


def _column(name: str, each: Codec, values: Any) -> list[Any]:
    if type(values) is not list:
        raise ValueError(f"{name}: a list is needed, not {shown(values)}")
    try:
        return list(map(each.value, values))
    except ValueError as wrong:
        raise ValueError(f"{name}: {wrong}") from None


@cache
def _row_maker(kind: Any, names: tuple[str, ...]) -> Callable[..., Any]:
    """Makes a row of its values, in this order; a row of all fields takes them as they come."""
    if names == tuple(codecs(kind)):
        maker: Callable[..., Any] = kind
        return maker
    return lambda *values: _partial(kind, dict(zip(names, values, strict=True)))


def _partial(kind: Any, values: dict[str, Any]) -> Any:
    try:
        return kind(**values)
    except TypeError:
        raise ValueError(f"{kind.__name__}: a column is missing") from None


def _changed(name: str, before: Any, change: Any) -> Any:
    if not isinstance(change, dict):
        return change
    if not isinstance(before, list):
        raise ValueError(f"{name}: {shown(change)} changes a list, and there is none")
    try:
        return _placed(before, change["at"], change["to"]) if "at" in change else _moved(before, **change)
    except (TypeError, KeyError, IndexError, ValueError):
        raise ValueError(f"{name}: {shown(change)} is no change of a list of {len(before)}") from None


def _placed(before: list[Any], places: list[int], values: list[Any]) -> list[Any]:
    now = list(before)
    for place, value in zip(places, values, strict=True):
        now[place] = value
    return now


def _moved(before: list[Any], drop: int, add: list[Any]) -> list[Any]:
    now = [*before[drop:], *add]
    if len(now) > MOST_ROWS:
        raise ValueError
    return now
