"""One thing in full: lines that are made anew of every snapshot."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from orchestrator.core.live.snapshot import Snapshot
from orchestrator.views.live.span import Line, Span, Tone
from tui.widgets.lines import Lines
from tui.widgets.page import Page

Content = Callable[[Snapshot, float], Iterable[Line]]


class DetailScreen(Screen[None]):
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Back")]

    def __init__(self, title: str, content: Content) -> None:
        super().__init__()
        self._title = title
        self._content = content

    def compose(self) -> ComposeResult:
        yield Lines(id="title")
        yield Page(id="page")

    def on_mount(self) -> None:
        self.query_one("#title", Lines).show([(Span(self._title, Tone.HEAD), Span("  esc goes back", Tone.DIM))])
        self.query_one(Page).focus()

    def show(self, snapshot: Snapshot, now_s: float) -> None:
        self.query_one(Page).show(list(self._content(snapshot, now_s)))
