"""Text with a meaning that a terminal may colour; the words say it too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple


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


def clean(text: str) -> str:
    """Text that cannot steer a terminal: what is not printable is shown as its escape."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
