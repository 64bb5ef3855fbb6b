"""The last lines of a log: follows as they come, wraps, and finds."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import ClassVar, NamedTuple

from rich.cells import cell_len, chop_cells
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from orchestrator.views.live.log_text import found
from orchestrator.views.live.span import Span, Tone
from tui.paint import strip_of, tones_of

KEPT = 5_000  # lines
FOUND = Style(reverse=True)
STEP = 20  # columns


class Row(NamedTuple):
    """A line of the screen: a piece of the log's line of this number."""

    line: int
    start: int
    text: str


class LogView(ScrollView, can_focus=True):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k,up", "scroll_by(-1)", "A line up", show=False),
        Binding("j,down", "scroll_by(1)", "A line down", show=False),
        Binding("pageup,ctrl+b", "scroll_page(-1)", "A page up", show=False),
        Binding("pagedown,ctrl+f", "scroll_page(1)", "A page down", show=False),
        Binding("home,g", "first", "The first line", show=False),
        Binding("end,G", "follow", "The last line, and follow", show=False),
        Binding("left", "sideways(-1)", "To the left", show=False),
        Binding("right", "sideways(1)", "To the right", show=False),
    ]

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.lines: deque[str] = deque(maxlen=KEPT)
        self.wrap, self.following, self.wanted = False, True, ""
        self.at: int | None = None  # the index of the line that was found
        self._rows: list[Row] = []

    # -- what is shown

    def add(self, lines: Iterable[str]) -> None:
        """More of the log; what is looked at stays in its place while it does not follow."""
        top = self._top()
        before, more = len(self.lines), tuple(lines)
        self.lines.extend(more)
        dropped = before + len(more) - len(self.lines)
        if self.at is not None:
            self.at = self.at - dropped if self.at >= dropped else None
        self._lay(top and Row(top.line - dropped, top.start, ""))

    def toggle_wrap(self) -> None:
        self.wrap = not self.wrap
        self.scroll_to(x=0, animate=False, immediate=True)
        self._lay(self._top())

    def matches(self) -> list[int]:
        """Indices of the lines that have what is looked for."""
        return [index for index, line in enumerate(self.lines) if any(True for _ in found(line, self.wanted))]

    def find(self, wanted: str, forward: bool = True) -> None:
        """Go to the next line that has it, from the last that was found; round at the ends."""
        if wanted != self.wanted:
            self.wanted, self.at = wanted, None
        matches = self.matches()
        if matches:
            self.at = _after(matches, self.at, forward)
            self._reveal(self.at)
        self.refresh()

    def in_sight(self) -> str:
        top, height = self.scroll_offset.y, self.scrollable_content_region.height
        return "\n".join(row.text for row in self._rows[top : top + height])

    def _top(self) -> Row | None:
        at = self.scroll_offset.y
        return self._rows[at] if at < len(self._rows) and not self.following else None

    def _lay(self, top: Row | None) -> None:
        """Break the lines for this width, and keep `top` at the top."""
        width = max(1, self.scrollable_content_region.width)
        self._rows = [row for index, line in enumerate(self.lines) for row in _pieces(index, line, self.wrap, width)]
        longest = width if self.wrap else max((cell_len(row.text) for row in self._rows), default=0)
        self.virtual_size = Size(max(width, longest), len(self._rows))
        if self.following:
            self._scroll(len(self._rows))
        elif top is not None:
            self._scroll(next((y for y, row in enumerate(self._rows) if (row.line, row.start) >= top[:2]), 0))
        self.refresh()

    def _reveal(self, index: int) -> None:
        y = next((y for y, row in enumerate(self._rows) if row.line == index), 0)
        if not self.scroll_offset.y <= y < self.scroll_offset.y + self.scrollable_content_region.height:
            self._scroll(y - self.scrollable_content_region.height // 2)
        self.following = False

    # -- keys

    def action_scroll_by(self, lines: int) -> None:
        self._scroll(self.scroll_offset.y + lines)
        self.following = self.scroll_offset.y >= self.max_scroll_y and lines > 0

    def action_scroll_page(self, pages: int) -> None:
        self.action_scroll_by(pages * max(1, self.scrollable_content_region.height - 1))

    def action_first(self) -> None:
        self.following = False
        self._scroll(0)

    def action_follow(self) -> None:
        self.following = True
        self._scroll(len(self._rows))

    def action_sideways(self, steps: int) -> None:
        self.scroll_to(x=self.scroll_offset.x + steps * STEP, animate=False, immediate=True)

    def _scroll(self, y: int) -> None:
        self.scroll_to(y=y, animate=False, force=True, immediate=True)

    # -- drawing

    def on_resize(self) -> None:
        self._lay(self._top())

    def render_line(self, y: int) -> Strip:
        at, width = self.scroll_offset.y + y, self.scrollable_content_region.width
        tones = tones_of(self.app.current_theme)
        if at >= len(self._rows):
            return strip_of((), width, tones)
        row, x = self._rows[at], self.scroll_offset.x
        strip = strip_of([Span(row.text)], max(width, cell_len(row.text)), tones)
        return self._marked(strip, row).crop(x, x + width).extend_cell_length(width, tones[Tone.PLAIN])

    def _marked(self, strip: Strip, row: Row) -> Strip:
        """With what was looked for in reverse."""
        for start in found(row.text, self.wanted):
            begin = cell_len(row.text[:start])
            end = begin + cell_len(row.text[start : start + len(self.wanted)])
            before, hit, after = strip.divide([begin, end, strip.cell_length])
            strip = Strip.join([before, hit.apply_style(FOUND), after])
        return strip


def _after(matches: list[int], at: int | None, forward: bool) -> int:
    if forward:
        return next((index for index in matches if at is None or index > at), matches[0])
    return next((index for index in reversed(matches) if at is None or index < at), matches[-1])


def _pieces(index: int, line: str, wrap: bool, width: int) -> list[Row]:
    if not wrap or (line.isascii() and len(line) <= width):
        return [Row(index, 0, line)]
    texts = [line[at : at + width] for at in range(0, len(line), width)] if line.isascii() else chop_cells(line, width)
    rows, start = [], 0
    for text in texts or [""]:
        rows.append(Row(index, start, text))
        start += len(text)
    return rows
