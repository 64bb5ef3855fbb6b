"""Lines that scroll, for what is longer than a screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from orchestrator.views.live.span import Line
from tui.widgets.drawn import Drawn


class Page(Drawn, ScrollView, can_focus=True):
    """A snapshot of lines; only those in sight are drawn."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k", "scroll_up", "A line up", show=False),
        Binding("j", "scroll_down", "A line down", show=False),
        Binding("g", "scroll_home", "The first line", show=False),
        Binding("G", "scroll_end", "The last line", show=False),
    ]

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.lines: tuple[Line, ...] = ()

    def show(self, lines: Sequence[Line]) -> None:
        shown = tuple(lines)
        if shown != self.lines:
            self.lines = shown
            self.virtual_size = Size(self.size.width, len(shown))
            self.refresh()

    def render_line(self, y: int) -> Strip:
        index = self.scroll_offset.y + y
        return self.drawn(self.lines[index] if index < len(self.lines) else ())
