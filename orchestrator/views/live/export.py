"""Replicas and requests as files for other programs: every field, in the order of the rows."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from io import StringIO
from math import isfinite
from typing import Any

from orchestrator.core.live.snapshot import ReplicaRow
from orchestrator.views.plain import plain

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # how a spreadsheet knows one


def csv_text(rows: Iterable[Any], kind: Any = ReplicaRow) -> str:
    """With a line of names; text that a spreadsheet would take for a formula gets a `'` before it."""
    out = StringIO()
    writer = csv.writer(out)
    names = names_of(kind)
    writer.writerow(names)
    writer.writerows([_cell(getattr(row, name)) for name in names] for row in rows)
    return out.getvalue()


def names_of(kind: Any) -> tuple[str, ...]:
    """Of the fields of a row."""
    return tuple(field.name for field in fields(kind))


def json_text(rows: Sequence[Any]) -> str:
    return json.dumps(finite(plain(tuple(rows))), indent=2) + "\n"


def finite(data: Any) -> Any:
    """Plain data without numbers that JSON has no word for: they become null."""
    if isinstance(data, float):
        return data if isfinite(data) else None
    if isinstance(data, dict):
        return {key: finite(value) for key, value in data.items()}
    return [finite(value) for value in data] if isinstance(data, list) else data


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA) else value
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    if isinstance(value, Mapping):
        return _cell(" ".join(f"{name}={each}" for name, each in finite(dict(value)).items()))
    return "" if finite(value) is None else value
