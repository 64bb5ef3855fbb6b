"""The first screen: the fleet's head, its replicas, decisions and events."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.screen import Screen
from textual.widgets import Input

from orchestrator.core.errors import QorchError
from orchestrator.core.live.snapshot import Snapshot
from orchestrator.views.live.header import header_lines
from orchestrator.views.live.span import Span, Tone
from orchestrator.views.live.trail import decision_lines, event_lines
from tui.trends import Trends
from tui.widgets.fleet_table import FleetTable
from tui.widgets.lines import Lines

SHORT, TINY = 20, 10  # lines of a terminal, below which something gives way
KEYS = "? help  / filter  f faults  < > sort  enter open  l logs  d decisions  h hosts  space freeze  q quit"


class FleetScreen(Screen[None]):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "ask_filter", "Filter", priority=True),  # before what is typed next goes elsewhere
        Binding("f", "faults", "Only faults"),
        Binding("escape", "clear", "Clear the filter", show=False),
    ]

    def __init__(self, trends: Trends) -> None:
        super().__init__()
        self._trends = trends

    def compose(self) -> ComposeResult:
        yield Lines(id="header")
        yield Lines(id="trends")
        yield FleetTable(id="table")
        yield Lines("decisions", id="decisions")
        yield Lines("events", id="events")
        yield Lines(id="message")
        yield Input(placeholder="pattern, !pattern, state=failed, kv>0.9", id="prompt")
        yield Lines(id="keys")

    def on_mount(self) -> None:
        self.query_one("#keys", Lines).show([(Span(KEYS, Tone.DIM),)])
        self.table.focus()

    def on_resize(self, event: Resize) -> None:
        self.set_class(event.size.height < SHORT, "-short")
        self.set_class(event.size.height < TINY, "-tiny")

    @property
    def table(self) -> FleetTable:
        return self.query_one(FleetTable)

    def show(self, snapshot: Snapshot, now_s: float) -> None:
        self.query_one("#header", Lines).show(header_lines(snapshot, now_s))
        self.query_one("#trends", Lines).show([self._trends.line(self.size.width)])
        self.table.show(snapshot.replicas, now_s)
        self.query_one("#decisions", Lines).show(list(decision_lines(snapshot.decisions[-10:], now_s)))
        self.query_one("#events", Lines).show(list(event_lines(list(self._trends.events)[-10:], now_s)))

    def tell(self, text: str, tone: Tone = Tone.WARN) -> None:
        """A line for the person, until the next; empty takes it away."""
        message = self.query_one("#message", Lines)
        message.show([(Span(text, tone),)])
        message.set_class(bool(text), "-shown")

    # -- keys

    def action_ask_filter(self) -> None:
        prompt = self.query_one("#prompt", Input)
        prompt.value = self.table.filter_text
        prompt.add_class("-asked")
        self.set_focus(prompt)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A key that is typed into the prompt is text."""
        return action != "ask_filter" or not isinstance(self.focused, Input)

    def action_faults(self) -> None:
        self.table.only_faults(not self.table.faults)
        self.tell("only faults" if self.table.faults else "")

    def action_clear(self) -> None:
        self._filter("")
        self._end_prompt()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self._filter(event.value)
        self._end_prompt()

    def _filter(self, text: str) -> None:
        try:
            self.table.filter(text)
            self.tell(f"filter: {text}" if text else "", Tone.DIM)
        except QorchError as wrong:
            self.tell(f"{wrong.message}; {wrong.hint}", Tone.BAD)

    def _end_prompt(self) -> None:
        self.query_one("#prompt", Input).remove_class("-asked")
        self.set_focus(self.table)
