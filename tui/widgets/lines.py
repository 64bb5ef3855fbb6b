"""A few lines of text that are drawn anew when they change."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.views.live.span import Line, Span, Tone
from tui.widgets.drawn import Drawn, Sight


class Lines(Drawn):
    """As many of its lines as there is room for; `title` stands above them, where there is one."""

    def __init__(self, title: str = "", id: str | None = None) -> None:
        super().__init__(id=id)
        self._head: tuple[Line, ...] = ((Span(title, Tone.HEAD),),) if title else ()
        self._lines: tuple[Line, ...] = ()

    def show(self, lines: Sequence[Line]) -> None:
        self._lines = tuple(lines)
        self.redraw()

    def in_sight(self) -> Sequence[Sight]:
        return [Sight(line) for line in (*self._head, *self._lines)[: self.room.height]]
