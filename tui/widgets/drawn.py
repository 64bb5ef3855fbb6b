"""What widgets that draw lines of their own share: the colours of the theme."""

from __future__ import annotations

from collections.abc import Iterable

from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from orchestrator.views.live.span import Span
from tui.paint import strip_of, tones_of


class Drawn(Widget):
    def drawn(self, line: Iterable[Span], over: Style | None = None) -> Strip:
        """A line as wide as the widget; `over` goes on top of every style, as a cursor does."""
        return strip_of(line, self.size.width, tones_of(self.app.current_theme), over)
