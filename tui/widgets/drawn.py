"""What widgets that draw lines of their own share: only lines that have changed go to the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import NamedTuple

from rich.style import Style
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from orchestrator.views.live.span import Line
from tui.paint import strip_of, tones_of


class Sight(NamedTuple):
    """One line of the screen; `over` goes on top of every style, as a cursor does."""

    line: Line = ()
    over: Style | None = None


class Drawn(Widget):
    _sights: tuple[Sight, ...] = ()

    @property
    def room(self) -> Size:
        """Columns and lines, without those of the scrollbars."""
        return self.scrollable_content_region.size

    def in_sight(self) -> Sequence[Sight]:
        """The lines from the top of the widget to its bottom, or fewer."""
        return ()

    def redraw(self) -> None:
        """To be called when what is in sight may be another."""
        before, self._sights = self._sights, tuple(self.in_sight())
        width = self.room.width
        for y, (old, new) in enumerate(zip_longest(before, self._sights)):
            if old != new:
                self.refresh(Region(0, y, width, 1))

    def on_resize(self) -> None:
        self._sights = tuple(self.in_sight())
        self.refresh()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        self._sights = tuple(self.in_sight())
        super().watch_scroll_y(old_value, new_value)

    def render_line(self, y: int) -> Strip:
        sight = self._sights[y] if y < len(self._sights) else Sight()
        return strip_of(sight.line, self.room.width, tones_of(self.app.current_theme), sight.over)
