"""A fleet's history in parts of bounded size, as it is told where the disk that it is on is out of reach."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate

from orchestrator.core.scaling.load_minutes import MOST_DAYS

DAY_S = 86_400.0
MOST_LOOKS_BYTES = 8 * 2**20  # compressed, of all parts with looks
MOST_PART_BYTES = 4 * 2**20  # compressed; a busy day of minutes takes 56 KB, ten minutes of looks 30 to 250 KB
MOST_TEXT_BYTES = 256 * 2**20  # of a part that is read
NAME = re.compile(r"(minutes|looks)/([0-9]{1,12})")


class PartKind(StrEnum):
    """The minutes of one day, by its number; looks that followed one another, by the Unix time of the first."""

    MINUTES = "minutes"
    LOOKS = "looks"


@dataclass(frozen=True, order=True)
class Part:
    """One part; of a kind the newest has the highest number."""

    kind: PartKind
    number: int

    @property
    def name(self) -> str:
        return f"{self.kind}/{self.number}"


def part_of(name: str) -> Part | None:
    """None for what is no part's name."""
    found = NAME.fullmatch(name)
    return Part(PartKind(found[1]), int(found[2])) if found else None


def day_of(unix_s: float) -> int:
    """The number of its day, of UTC."""
    return int(unix_s // DAY_S)


def newest_first(parts: Iterable[Part], kind: PartKind) -> list[Part]:
    """Those of one kind."""
    return sorted((each for each in parts if each.kind is kind), reverse=True)


def kept(sizes_bytes: Mapping[Part, int]) -> frozenset[Part]:
    """The newest that there is room for: so many days of minutes, so many bytes of looks."""
    looks = newest_first(sizes_bytes, PartKind.LOOKS)
    so_far_bytes = accumulate(sizes_bytes[each] for each in looks)
    fit = (each for each, total in zip(looks, so_far_bytes, strict=True) if total <= MOST_LOOKS_BYTES)
    return frozenset((*newest_first(sizes_bytes, PartKind.MINUTES)[:MOST_DAYS], *fit))
