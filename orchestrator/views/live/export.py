"""Rows of a table as files for other programs: every field, in their order."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from io import StringIO
from math import isfinite
from typing import Any

from orchestrator.core.live.plain import hints
from orchestrator.core.live.snapshot import ReplicaRow
from orchestrator.views.plain import plain

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # how a spreadsheet knows one


def csv_text(rows: Iterable[Any], kind: Any = ReplicaRow) -> str:
    """With a line of names; text that a spreadsheet would take for a formula gets a `'` before it."""
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(names_of(kind))
    writer.writerows([_cell(value) for value in _values(row)] for row in rows)
    return out.getvalue()


def names_of(kind: Any) -> tuple[str, ...]:
    """Of the fields of a row, with those of the dataclasses in it in their place."""
    own = hints(kind).items()
    return tuple(each for name, inner in own for each in (names_of(inner) if is_dataclass(inner) else (name,)))


def json_text(rows: Sequence[Any]) -> str:
    return json.dumps(finite(plain(tuple(rows))), indent=2) + "\n"


def finite(data: Any) -> Any:
    """Plain data without numbers that JSON has no word for: they become null."""
    if isinstance(data, float):
        return data if isfinite(data) else None
    if isinstance(data, dict):
        return {key: finite(value) for key, value in data.items()}
    return [finite(value) for value in data] if isinstance(data, list) else data


def _values(row: Any) -> Iterator[Any]:
    for name in hints(row.__class__):
        value = getattr(row, name)
        yield from _values(value) if is_dataclass(value) else (value,)


def _cell(value: Any) -> Any:
    if isinstance(value, str):  # an enum's too
        return f"'{value}" if value.startswith(FORMULA) else value
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    if isinstance(value, Mapping):
        return _cell(" ".join(f"{name}={each}" for name, each in finite(dict(value)).items()))
    return "" if finite(value) is None else value
