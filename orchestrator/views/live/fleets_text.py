"""Several fleets as text of lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orchestrator.core.live.fleet_row import FleetRow, urgency
from orchestrator.views.live.column import table_lines
from orchestrator.views.live.fleet_columns import FLEETS
from orchestrator.views.live.fleets_header import fleets_header_lines
from orchestrator.views.live.span import text_of
from orchestrator.views.table import shorten


def fleets_text(rows: Sequence[FleetRow], now_s: float, width: int) -> str:
    """The head, and the fleets in as many columns as there is room for, the most urgent first."""
    return "\n".join(line.rstrip() for line in _lines(rows, now_s, width))


def _lines(rows: Sequence[FleetRow], now_s: float, width: int) -> Iterator[str]:
    for line in fleets_header_lines(rows):
        yield shorten(text_of(line), width)
    yield ""
    yield from table_lines(FLEETS, sorted(rows, key=urgency), now_s, width)
