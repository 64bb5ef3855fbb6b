"""A plain aligned table, and text that keeps within a width."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from textwrap import wrap

GAP = "  "
HANGING = 9  # blanks, where the text of a line about hardware begins
LEAST_ROOM = 20  # characters of a wrapped column, however narrow the terminal


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell; no line ends in blanks."""
    lines = [headers, *rows]
    widths = [max(map(len, column)) for column in zip_longest(*lines, fillvalue="")]
    return "\n".join(_line(line, widths) for line in lines)


def shorten(text: str, width: int) -> str:
    """`text` within `width` characters, with an ellipsis where some are left out."""
    return text if len(text) <= width else text[: max(0, width - 1)] + "…"


def shorten_lines(text: str, width: int) -> str:
    """Every line of `text` within `width`."""
    return "\n".join(shorten(line, width) for line in text.splitlines())


def wrapped_table(headers: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> str:
    """A table whose last column goes on in further lines where it would pass `width`."""
    before = [max(len(line[column]) + len(GAP) for line in [headers, *rows]) for column in range(len(headers) - 1)]
    room = max(LEAST_ROOM, width - sum(before))
    return table(headers, [line for row in rows for line in _wrapped(row, room)])


def paragraph(text: str, width: int) -> str:
    """A sentence, indented, over as many lines as it needs."""
    return "\n".join(wrap(text, width, initial_indent=GAP, subsequent_indent=GAP))


def hanging(line: str, width: int) -> list[str]:
    """A line over as many as it needs, all but the first far in."""
    return wrap(line, width, subsequent_indent=" " * HANGING, replace_whitespace=False)


def indent(text: str) -> str:
    """Every line two blanks to the right."""
    return "\n".join(GAP + line for line in text.splitlines())


def _wrapped(row: Sequence[str], room: int) -> Iterator[Sequence[str]]:
    """The row, and below it what of its last cell did not find room."""
    first, *rest = wrap(row[-1], room) or [""]
    yield [*row[:-1], first]
    for line in rest:
        yield [*("" for _ in row[:-1]), line]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return GAP.join(cell.ljust(width) for cell, width in zip(cells, widths, strict=False)).rstrip()
