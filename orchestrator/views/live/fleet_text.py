"""A snapshot as text of lines, and as data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from orchestrator.core.live.plain import codec
from orchestrator.core.live.snapshot import Snapshot
from orchestrator.views.live.column import table_lines
from orchestrator.views.live.columns import REPLICAS
from orchestrator.views.live.header import header_lines
from orchestrator.views.live.span import text_of
from orchestrator.views.table import shorten


def fleet_text(snapshot: Snapshot, note: str, width: int) -> str:
    """The head, and the replicas in as many columns as there is room for; `note` is of where the snapshot is from."""
    return "\n".join(line.rstrip() for line in _lines(snapshot, note, width))


def snapshot_data(snapshot: Snapshot) -> dict[str, Any]:
    """By the names of its fields; docs/reference/top.md has them all."""
    data: dict[str, Any] = codec(Snapshot).plain(snapshot)
    return data


def _lines(snapshot: Snapshot, note: str, width: int) -> Iterator[str]:
    for line in header_lines(snapshot, snapshot.at_s, note, width):
        yield shorten(text_of(line), width)
    yield ""
    yield from table_lines(REPLICAS, snapshot.replicas, snapshot.at_s, width)
