"""The first screen: the fleet's head, its replicas, decisions and events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.css.scalar import Scalar
from textual.widget import Widget

from orchestrator.core.live.snapshot import ReplicaRow, Snapshot
from orchestrator.views.live.header import header_lines
from orchestrator.views.live.span import Line
from orchestrator.views.live.trail import NONE_YET, decision_lines, event_lines, few_events
from tui.screens.listing import TINY, ListingScreen
from tui.trends import Trends
from tui.widgets.fleet_table import FleetTable
from tui.widgets.lines import Lines

MOST_HEADER, MOST_LINES = 7, 10  # of the head, and of decisions
TALL = 40  # from which on there is room for more of what happened


class FleetScreen(ListingScreen):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "ask_filter", "filter", tooltip="Filter: a100, !gateway, state=failed, kv>0.9", priority=True),
        Binding("l", "app.logs", "log", tooltip="Log of the replica"),
        Binding(
            "p", "app.previous", "previous", tooltip="Log of the replica that ended last; again, of the one before"
        ),
        Binding("y", "app.yaml", "YAML", tooltip="YAML of the replica"),
    ]

    def __init__(self, trends: Trends) -> None:
        super().__init__()
        self._trends = trends

    def content(self) -> Iterable[Widget]:
        yield Lines(id="header")
        yield Lines(id="trends")
        yield FleetTable(id="table")
        yield Lines("decisions", id="decisions")
        yield Lines("events", id="events")

    def on_resize(self) -> None:
        self.set_class(self.size.height >= TALL, "-tall")

    @property
    def row(self) -> ReplicaRow | None:
        chosen: ReplicaRow | None = self.table.row if self.is_mounted else None
        return chosen

    def show(self, snapshot: Snapshot, now_s: float) -> None:
        self._show_header(header_lines(snapshot, now_s, self.note, self.size.width))
        self.query_one("#trends", Lines).show([self._trends.line(self.size.width)])
        self.table.show(snapshot.replicas, now_s)
        decisions, events = self.query_one("#decisions", Lines), self.query_one("#events", Lines)
        decisions.show(list(decision_lines(snapshot.decisions[-MOST_LINES:], now_s)) or [NONE_YET])
        few = few_events(tuple(self._trends.events), now_s, max(1, events.room.height - 1))
        events.show(list(event_lines(few, now_s)) or [NONE_YET])

    def _show_header(self, lines: Sequence[Line]) -> None:
        """As high as its lines, unless the terminal is very low."""
        header = self.query_one("#header", Lines)
        height = 1 if self.size.height < TINY else min(len(lines), MOST_HEADER)
        if header.styles.height != Scalar.from_number(height):
            header.styles.height = height
        header.show(lines)
