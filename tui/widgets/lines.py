"""A few lines of text that are drawn anew when they change."""

from __future__ import annotations

from collections.abc import Sequence

from textual.strip import Strip
from textual.widget import Widget

from orchestrator.views.live.span import Line, Span, Tone
from tui.paint import strip_of


class Lines(Widget):
    """As many of its lines as there is room for; `title` stands above them, where there is one."""

    def __init__(self, title: str = "", id: str | None = None) -> None:
        super().__init__(id=id)
        self._title = title
        self._lines: tuple[Line, ...] = ()

    def show(self, lines: Sequence[Line], title: str | None = None) -> None:
        shown = tuple(lines)
        if shown != self._lines or title not in (None, self._title):
            self._lines, self._title = shown, self._title if title is None else title
            self.refresh()

    def render_line(self, y: int) -> Strip:
        head = ((Span(self._title, Tone.HEAD),),) if self._title else ()
        lines = (*head, *self._lines)
        return strip_of(lines[y] if y < len(lines) else (), self.size.width)
