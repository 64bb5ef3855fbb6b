"""Azure's LLM inference traces, 2023 and 2024: a line a request.

Source: github.com/Azure/AzurePublicDataset (CC-BY 4.0): TIMESTAMP, ContextTokens, GeneratedTokens.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.adapters.traces.arrivals import Arrival
from orchestrator.adapters.traces.rows import Clock, Row, rows

COLUMNS = ("TIMESTAMP", "ContextTokens", "GeneratedTokens")


def arrivals(path: Path, seed: int) -> Iterator[Arrival]:
    """Each request; nothing is drawn, so the seed changes nothing."""
    clock = Clock()
    for row in rows(path, COLUMNS):
        t_s = clock.checked(row, _time_s(row))
        yield Arrival(t_s, 1.0, row.number(1, COLUMNS[1]), row.number(2, COLUMNS[2]))


def _time_s(row: Row) -> float:
    try:
        time = datetime.fromisoformat(row.fields[0])
    except ValueError:
        row.refuse(f"expected a time such as 2023-11-16 18:15:46.68 as {COLUMNS[0]}, got {row.fields[0][:40]!r}")
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
