"""From lines with a meaning to strips of a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from orchestrator.views.live.span import Span, Tone

STYLES = {
    Tone.PLAIN: Style(),
    Tone.DIM: Style(dim=True),
    Tone.HEAD: Style(bold=True),
    Tone.GOOD: Style(color="green"),
    Tone.WARN: Style(color="yellow"),
    Tone.BAD: Style(color="red", bold=True),
}


def sized(text: str, width: int, right: bool = False) -> str:
    """`text` in exactly `width` cells of a terminal, with an ellipsis where some is left out."""
    if text.isascii():
        length = len(text)
        if length > width:
            return text[: width - 1] + "…" if width > 0 else ""
        return text.rjust(width) if right else text.ljust(width)
    if cell_len(text) > width:
        return set_cell_size(text, width - 1) + "…" if width > 0 else ""
    return " " * (width - cell_len(text)) + text if right else set_cell_size(text, width)


def strip_of(line: Iterable[Span], width: int, over: Style | None = None) -> Strip:
    """One line, cut or filled to `width` cells; `over` goes on top of every style, as a cursor does."""
    segments: list[Segment] = []
    left = width
    for span in line:
        text = span.text if span.text.isascii() and len(span.text) <= left else _cut(span.text, left)
        segments.append(Segment(text, STYLES[span.tone]))
        left -= cell_len(text)
        if left <= 0:
            break
    segments.append(Segment(" " * left))
    strip = Strip(segments, width)
    return strip if over is None else strip.apply_style(over)


def _cut(text: str, width: int) -> str:
    return sized(text, width) if cell_len(text) > width else text
