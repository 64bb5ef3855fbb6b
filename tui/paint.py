"""From lines with a meaning to strips of a terminal, in the colours of a theme."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from rich.cells import cell_len, set_cell_size
from rich.color import blend_rgb
from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.strip import Strip
from textual.theme import Theme

from orchestrator.views.live.span import Span, Tone

Tones = Mapping[Tone, Style]
CURSOR = Style(reverse=True)
FADED = 0.35  # of the way from the text's colour to that of the ground


def tones_of(theme: Theme) -> Tones:
    """How each tone looks in a theme."""
    colours = (theme.success, theme.warning, theme.error)
    if theme.ansi:
        return _ansi_tones(*(str(each).removeprefix("ansi_") for each in colours))
    ground, text = theme.background or "#000000", theme.foreground or "#ffffff"
    return _tones(text, ground, *(each or text for each in colours))


@cache
def _ansi_tones(good: str, warn: str, bad: str) -> Tones:
    return {
        Tone.PLAIN: Style(),
        Tone.DIM: Style(dim=True),
        Tone.HEAD: Style(bold=True),
        Tone.GOOD: Style(color=good),
        Tone.WARN: Style(color=warn),
        Tone.BAD: Style(color=bad, bold=True),
    }


@cache
def _tones(text: str, ground: str, good: str, warn: str, bad: str) -> Tones:
    faded = blend_rgb(_triplet(text), _triplet(ground), FADED).hex
    return {
        Tone.PLAIN: Style(color=text, bgcolor=ground),
        Tone.DIM: Style(color=faded, bgcolor=ground),
        Tone.HEAD: Style(color=text, bgcolor=ground, bold=True),
        Tone.GOOD: Style(color=good, bgcolor=ground),
        Tone.WARN: Style(color=warn, bgcolor=ground),
        Tone.BAD: Style(color=bad, bgcolor=ground, bold=True),
    }


def _triplet(colour: str) -> ColorTriplet:
    return ColorTriplet(*Color.parse(colour).rgb)


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


def strip_of(line: Iterable[Span], width: int, tones: Tones, over: Style | None = None) -> Strip:
    """One line, cut or filled to `width` cells; `over` goes on top of every style, as a cursor does."""
    segments: list[Segment] = []
    left = width
    for span in line:
        text = span.text if span.text.isascii() and len(span.text) <= left else _cut(span.text, left)
        segments.append(Segment(text, tones[span.tone]))
        left -= cell_len(text)
        if left <= 0:
            break
    segments.append(Segment(" " * left, tones[Tone.PLAIN]))
    strip = Strip(segments, width)
    return strip if over is None else strip.apply_style(over)


def _cut(text: str, width: int) -> str:
    return sized(text, width) if cell_len(text) > width else text
