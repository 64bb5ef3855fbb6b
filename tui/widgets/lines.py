"""A few lines of text that are drawn anew when they change."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from textual.geometry import Region
from textual.strip import Strip

from orchestrator.views.live.span import Line, Span, Tone
from tui.widgets.drawn import Drawn


class Lines(Drawn):
    """As many of its lines as there is room for; `title` stands above them, where there is one."""

    def __init__(self, title: str = "", id: str | None = None) -> None:
        super().__init__(id=id)
        self._title = title
        self._lines: tuple[Line, ...] = ()

    def show(self, lines: Sequence[Line]) -> None:
        """Only what looks otherwise than before is drawn anew."""
        head = ((Span(self._title, Tone.HEAD),),) if self._title else ()
        before, self._lines = self._lines, (*head, *lines)
        pairs = enumerate(zip_longest(before, self._lines))
        if changed := [y for y, (old, new) in pairs if old != new]:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed))

    def render_line(self, y: int) -> Strip:
        head = ((Span(self._title, Tone.HEAD),),) if self._title else ()
        lines = (*head, *self._lines)
        return self.drawn(lines[y] if y < len(lines) else ())
