"""A snapshot as named columns, and what changes from one to the next: what a recording consists of.

A column is a value of the fleet (`phase`, `summary.in_flight`) or, of a table, its rows' values (`replicas.host`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import starmap
from operator import attrgetter
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


def frame_of(snapshot: Snapshot) -> Frame:
    """Its columns as data of JSON, amounts rounded."""
    frame: Frame = {}
    for name, each in codecs(Snapshot).items():
        value = getattr(snapshot, name)
        if name in TABLES:
            frame.update(_columns(name, codecs(TABLES[name]), value))
        elif name == "summary":
            frame.update({f"{name}{DOT}{field}": part for field, part in each.plain(value).items()})
        else:
            frame[name] = each.plain(value)
    return frame


def snapshot_of(frame: Frame, tables: frozenset[str] = WHOLE_TABLES) -> Snapshot:
    """The snapshot of a frame, of its tables only those that are asked for; raises ValueError where it is none."""
    parts = {name: part for name, part in _nested(frame).items() if name not in TABLES or name in tables}
    made: Snapshot = built(Snapshot, parts, _part)
    return made


def difference(before: Frame, now: Frame) -> Frame:
    """What has to be said for `applied` to make `now` of `before`."""
    return {name: _change(before.get(name), value) for name, value in now.items() if before.get(name, ...) != value}


def applied(before: Frame, change: Frame) -> Frame:
    """The frame after a change; raises ValueError where it does not go with `before`."""
    return before | {name: _changed(name, before.get(name), value) for name, value in change.items()}


def _columns(table: str, each: Mapping[str, Codec], rows: Sequence[Any]) -> Iterator[tuple[str, list[Any]]]:
    for field, one in each.items():
        yield f"{table}{DOT}{field}", list(map(one.plain, map(attrgetter(field), rows)))


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


def _change(before: Any, now: Any) -> Any:
    if not isinstance(now, list) or not isinstance(before, list):
        return now
    if len(before) == len(now):
        places = [place for place, (old, new) in enumerate(zip(before, now, strict=True)) if old != new]
        if 2 * len(places) < len(now):
            return {"at": places, "to": [now[place] for place in places]}
    kept = _slid(before, now)
    return {"drop": len(before) - kept, "add": now[kept:]} if 2 * kept > len(now) else now


def _slid(before: list[Any], now: list[Any]) -> int:
    """How many of the last before are the first now."""
    lengths = range(min(len(before), len(now)), 0, -1)
    return next((kept for kept in lengths if before[-kept] == now[0] and before[-kept:] == now[:kept]), 0)


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
