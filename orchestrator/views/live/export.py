"""The replicas as files for other programs: every field, in the order of the rows."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import fields
from io import StringIO
from math import isfinite
from typing import Any

from orchestrator.core.live.snapshot import ReplicaRow
from orchestrator.views.plain import plain

FIELDS = tuple(field.name for field in fields(ReplicaRow))
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # how a spreadsheet knows one


def csv_text(rows: Iterable[ReplicaRow]) -> str:
    """With a line of names; text that a spreadsheet would take for a formula gets a `'` before it."""
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(FIELDS)
    writer.writerows([_cell(getattr(row, name)) for name in FIELDS] for row in rows)
    return out.getvalue()


def json_text(rows: Sequence[ReplicaRow]) -> str:
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
    return "" if finite(value) is None else value
