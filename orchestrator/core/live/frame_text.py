"""A snapshot as the JSON of its named columns, and what changes from one to the next: what a recording consists of.

A column is a value of the fleet (`phase`, `summary.in_flight`) or, of a table, its rows' values (`replicas.host`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import compress, count
from operator import attrgetter, ne
from typing import Any, NamedTuple

from orchestrator.core.live.column_text import Texts, Writer, json_text, writer
from orchestrator.core.live.frames import DOT, TABLES
from orchestrator.core.live.plain import codecs, hints
from orchestrator.core.live.snapshot import Snapshot


class Column(NamedTuple):
    """Values of a table, and the JSON of each."""

    values: Sequence[Any]
    texts: Texts


FrameText = Mapping[str, Column | str]


def frame_text(snapshot: Snapshot, before: FrameText | None = None) -> FrameText:
    """Amounts are rounded; columns that are as `before` are not written anew."""
    return dict(_parts(snapshot, before or {}))


def whole_text(frame: FrameText) -> str:
    """The frame as one JSON object."""
    return _object({name: _text(value) for name, value in frame.items()})


def change_text(before: FrameText, now: FrameText) -> str:
    """What has to be said for `core.live.frames.applied` to make `now` of `before`, as a JSON object."""
    return _object({name: _change(before[name], value) for name, value in now.items() if _differs(before[name], value)})


def _parts(snapshot: Snapshot, before: FrameText) -> Iterator[tuple[str, Column | str]]:
    for name, each in codecs(Snapshot).items():
        value = getattr(snapshot, name)
        if name in TABLES:
            yield from _columns(name, value, before)
        elif name == "summary":
            yield from ((f"{name}{DOT}{field}", json_text(part)) for field, part in each.plain(value).items())
        else:
            yield name, json_text(each.plain(value))


def _columns(table: str, rows: Sequence[Any], before: FrameText) -> Iterator[tuple[str, Column]]:
    for field, written in _writers(TABLES[table]).items():
        name, values = f"{table}{DOT}{field}", list(map(attrgetter(field), rows))
        was = before.get(name)
        yield name, was if isinstance(was, Column) and was.values == values else Column(values, written(values))


@cache
def _writers(kind: Any) -> Mapping[str, Writer]:
    return {name: writer(each, name) for name, each in hints(kind).items()}


def _differs(before: Column | str, now: Column | str) -> bool:
    if isinstance(before, Column) and isinstance(now, Column):
        return before is not now and before.texts != now.texts
    return before != now


def _change(before: Column | str, now: Column | str) -> str:
    if isinstance(before, Column) and isinstance(now, Column):
        return _change_of_table(before.texts, now.texts)
    return _text(now)


def _change_of_table(before: Texts, now: Texts) -> str:
    if len(before) == len(now):
        places = list(compress(count(), map(ne, before, now)))
        if 2 * len(places) < len(now):
            return _object({"at": _list(map(str, places)), "to": _list(now[place] for place in places)})
    if kept := _slid(before, now):
        return _object({"drop": str(len(before) - kept), "add": _list(now[kept:])})
    return _list(now)


def _slid(before: Texts, now: Texts) -> int:
    """How many of the last before are the first now, where those are most of them."""
    if not before or not now or now[0] not in before:
        return 0
    lengths = range(min(len(before), len(now)), len(now) // 2, -1)
    ends = (kept for kept in lengths if before[-kept] == now[0] and before[-1] == now[kept - 1])
    return next((kept for kept in ends if before[-kept:] == now[:kept]), 0)


def _text(value: Column | str) -> str:
    return value if isinstance(value, str) else _list(value.texts)


def _list(texts: Sequence[str] | Iterator[str]) -> str:
    return f"[{','.join(texts)}]"


def _object(texts: Mapping[str, str]) -> str:
    return f"{{{','.join(f'{json_text(name)}:{text}' for name, text in texts.items())}}}"
