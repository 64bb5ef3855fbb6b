"""The first screen: the fleet's head, its replicas, decisions and events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.css.scalar import Scalar
from textual.widget import Widget

from orchestrator.core.live.snapshot import ReplicaRow, Snapshot
from orchestrator.views.live.export import csv_text, json_text
from orchestrator.views.live.header import header_lines
from orchestrator.views.live.span import Line, Tone
from orchestrator.views.live.trail import NONE_YET, decision_lines, event_lines, few_events
from tui.exports import Writer
from tui.screens.base import TopScreen
from tui.trends import Trends
from tui.widgets.fleet_table import FleetTable
from tui.widgets.lines import Lines
from tui.widgets.prompt import Question

SHORT, TINY = 20, 10  # lines of a terminal, below which something gives way
MOST_HEADER, MOST_LINES = 7, 10  # of the head, and of decisions
TALL = 40  # from which on there is room for more of what happened


class FleetScreen(TopScreen):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "ask_filter", "filter", tooltip="Filter: a100, !gateway, state=failed, kv>0.9", priority=True),
        Binding("f", "faults", "faults", tooltip="Only replicas that somebody should look at"),
        Binding("l", "app.logs", "log", tooltip="Log of the replica"),
        Binding(
            "p", "app.previous", "previous", tooltip="Log of the replica that ended last; again, of the one before"
        ),
        Binding("y", "app.yaml", "YAML", tooltip="YAML of the replica"),
        Binding("escape", "back", "clear", tooltip="Clear the filter", show=False),
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
        self.set_class(self.size.height < SHORT, "-short")
        self.set_class(self.size.height < TINY, "-tiny")
        self.set_class(self.size.height >= TALL, "-tall")

    @property
    def table(self) -> FleetTable:
        return self.query_one(FleetTable)

    @property
    def row(self) -> ReplicaRow | None:
        return self.table.row

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

    def copied(self) -> str:
        return self.table.row_text()

    def writers(self) -> Mapping[str, Writer]:
        rows = self.table.rows
        return {".csv": lambda: csv_text(rows), ".json": lambda: json_text(rows), ".txt": self.table.text}

    # -- keys

    def action_ask_filter(self) -> None:
        self.ask(Question("pattern, !pattern, state=failed, kv>0.9", self.filter, self.table.filter_text))

    def action_faults(self) -> None:
        self.table.only_faults(not self.table.faults)
        self.tell("only faults" if self.table.faults else "")

    def action_back(self) -> None:
        """Nothing is behind this screen, so that only what hides replicas goes."""
        self.table.only_faults(False)
        self.filter("")

    def filter(self, text: str) -> None:
        """Raises UsageError for what is no filter."""
        self.table.filter(text)
        self.tell(f"filter: {text}" if text else "", Tone.DIM)
