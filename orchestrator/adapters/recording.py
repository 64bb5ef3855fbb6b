"""Reads a recording: its members are known from the start, its frames are made when somebody looks at them."""

from __future__ import annotations

import gzip
import zlib
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice, pairwise
from pathlib import Path
from typing import NamedTuple

from orchestrator.adapters.gzip_members import lines, members
from orchestrator.core.errors import UsageError
from orchestrator.core.live.frames import WHOLE_TABLES, Frame, snapshot_of
from orchestrator.core.live.plain import LATEST_S, shown
from orchestrator.core.live.playback import played_s
from orchestrator.core.live.recording import read_frame, read_header
from orchestrator.core.live.snapshot import Snapshot

HEADER_BYTES = 1 << 16
LINE_BYTES = 64 << 20  # 100,000 replicas take half of it
BARE = frozenset({"events"})
RECORD = "qorch top --record FILE"


class Recorded(NamedTuple):
    """One frame; `where` names it in a message. Both of its snapshots raise UsageError where it tells no such thing."""

    where: str
    frame: Frame

    def whole(self) -> Snapshot:
        return self._snapshot(WHOLE_TABLES)

    def bare(self) -> Snapshot:
        """Without its tables but for the events: what trends are made of."""
        return self._snapshot(BARE)

    def _snapshot(self, tables: frozenset[str]) -> Snapshot:
        try:
            return snapshot_of(self.frame, tables)
        except ValueError as wrong:
            raise UsageError(f"{self.where}: {wrong}") from None


class Recording:
    """One file. Raises UsageError where there is nothing in it to look at."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("rb")
        try:
            self.header = read_header(self._first_line())
            self._members = members(self._file)
            self._starts_s = _in_order([each.at_s for each in self._members])
            self.begin_s, self.end_s = self._span()
        except UsageError as wrong:
            self._file.close()
            raise UsageError(f"{path}: {wrong.message}", hint=RECORD) from None

    def frames(self, member: int) -> Iterator[Recorded]:
        """From the beginning of this member on, to the last; raises UsageError where one is damaged."""
        for place in range(member, len(self._members)):
            yield from self._frames(place)

    def member_at(self, at_s: float) -> int:
        """That in which to look for this moment, in Unix time."""
        return max(0, bisect_right(self._starts_s, at_s) - 1)

    def start_s(self, member: int) -> float:
        """The moment of its first frame in a playback."""
        return self._starts_s[member]

    def close(self) -> None:
        self._file.close()

    def _frames(self, place: int) -> Iterator[Recorded]:
        member, before = self._members[place], None
        expected = member.number
        try:
            for line in lines(self._file, member.begin, member.end, LINE_BYTES):
                number, before = read_frame(line.decode(), before)
                if number != expected:
                    raise ValueError(f"frame {shown(number)} stands in its place")
                yield Recorded(self._where(number), before)
                expected += 1
        except EOFError:
            if place + 1 < len(self._members):
                raise UsageError(f"{self._where(expected)}: its end is missing") from None
        except ValueError as wrong:
            raise UsageError(f"{self._where(expected)}: {wrong}") from None

    def _where(self, number: int) -> str:
        return f"{self.path}, frame {number}"

    def _first_line(self) -> str:
        try:
            with gzip.GzipFile(fileobj=self._file) as text:
                return text.readline(HEADER_BYTES).decode()
        except (OSError, EOFError, zlib.error, ValueError) as wrong:
            raise UsageError(f"it is no recording of qorch: {wrong}") from None

    def _span(self) -> tuple[float, float]:
        """The moments of the first frame and the last that can be read."""
        if next(self._times(0), None) is None:
            raise UsageError("it has no whole frame")
        last_s = self._starts_s[-1]
        for at_s in islice(self._times(len(self._members) - 1), 1, None):
            last_s = played_s(at_s, last_s)
        return self._starts_s[0], last_s

    def _times(self, place: int) -> Iterator[float]:
        """Of the frames of a member, up to the first that is damaged."""
        with suppress(UsageError):
            for each in self._frames(place):
                yield each.bare().at_s


def _in_order(times_s: list[float]) -> list[float]:
    """Raises UsageError where they are none, or fall."""
    if not times_s:
        raise UsageError("it has no frame")
    if not all(before <= after < LATEST_S for before, after in pairwise([0.0, *times_s])):
        raise UsageError("its parts are not in the order of their times")
    return times_s
