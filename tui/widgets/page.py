"""Lines that scroll, for what is longer than a screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView

from orchestrator.views.live.span import Line
from tui.widgets.drawn import Drawn, Sight


class Page(Drawn, ScrollView, can_focus=True):
    """A snapshot of lines; only those in sight are drawn."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k,up", "scroll_up", "A line up", show=False),
        Binding("j,down", "scroll_down", "A line down", show=False),
        Binding("pageup,ctrl+b", "page_up", "A page up", show=False),
        Binding("pagedown,ctrl+f", "page_down", "A page down", show=False),
        Binding("g,home", "scroll_home", "The first line", show=False),
        Binding("G,end", "scroll_end", "The last line", show=False),
    ]

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.lines: tuple[Line, ...] = ()

    def show(self, lines: Sequence[Line]) -> None:
        self.lines = tuple(lines)
        if self.virtual_size.height != len(self.lines):
            self.virtual_size = Size(self.room.width, len(self.lines))
        self.redraw()

    def in_sight(self) -> Sequence[Sight]:
        top = self.scroll_offset.y
        return [Sight(line) for line in self.lines[top : top + self.room.height]]
