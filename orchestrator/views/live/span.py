"""Text with a meaning that a terminal may colour; the words say it too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from textwrap import wrap
from typing import NamedTuple

INDENT = 4  # where a last part begins too far to the right


class Tone(StrEnum):
    PLAIN = "plain"
    DIM = "dim"
    HEAD = "head"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"


class Span(NamedTuple):
    text: str
    tone: Tone = Tone.PLAIN


Line = tuple[Span, ...]


def text_of(line: Iterable[Span]) -> str:
    return "".join(span.text for span in line)


def joined(parts: Iterable[Line], gap: str = "  ") -> Line:
    """Parts on one line, with a gap between them."""
    spans: list[Span] = []
    for part in parts:
        spans += [Span(gap), *part] if spans and part else part
    return tuple(spans)


def flowed(parts: Iterable[Line], width: int, gap: str = "  ") -> Iterator[Line]:
    """Parts one after the other on as many lines of so many characters as they need; at least one line."""
    line: list[Line] = []
    for part in filter(None, parts):
        if line and len(text_of(joined([*line, part], gap))) > width:
            yield joined(line, gap)
            line = []
        line.append(part)
    yield joined(line, gap)


def hanging(line: Line, width: int) -> Iterator[Line]:
    """A line on as many as it needs: the words of its last part go on below where that began."""
    if not line or len(text_of(line)) <= width:
        yield line
        return
    *before, last = line
    begin = len(text_of(before))
    begin = begin if begin < width // 2 else INDENT
    first, *rest = wrap(last.text, max(1, width - begin)) or [""]
    if len(text_of(before)) + len(first) > width:
        first, rest = "", [first, *rest]
    yield (*before, Span(first, last.tone))
    for text in rest:
        yield Span(" " * begin), Span(text, last.tone)


def clean(text: str) -> str:
    """Text that cannot steer a terminal: what is not printable is shown as its escape."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
