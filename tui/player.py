"""Goes to a moment of a recording, and knows what led up to it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from orchestrator.adapters.recording import Recorded, Recording
from orchestrator.core.live.playback import played_s
from orchestrator.core.live.snapshot import Snapshot
from tui.trends import KEPT

CATCH_UP = 2  # members further on than which it is quicker to begin anew
LEAD = 1  # members before the one that is gone to, so that trends have a course


class Seen(NamedTuple):
    """`at_s` always rises; the clock that was recorded may have been put back."""

    at_s: float
    recorded: Recorded
    bare: Snapshot


class Player:
    """`course` has bare snapshots up to the one that is `here`: as many as a screen has room for, and more."""

    def __init__(self, recording: Recording) -> None:
        self.course: deque[Snapshot] = deque(maxlen=KEPT)
        self._recording = recording
        self._rest: Iterator[Recorded] = iter(())
        self._before_s = recording.begin_s
        self._here: Seen | None = None
        self._ahead: Seen | None = None

    @property
    def at_s(self) -> float:
        return self._here.at_s if self._here else self._recording.begin_s

    def go(self, at_s: float) -> Snapshot:
        """The last snapshot up to this moment; raises UsageError at what is damaged, and stays before it."""
        if self._here is None or at_s < self._here.at_s or self._far(self._here.at_s, at_s):
            self._begin(at_s)
        while self._ahead is not None and self._ahead.at_s <= at_s:
            self._step(self._ahead)
        assert self._here is not None
        return self._here.recorded.whole()

    def beside(self, frames: int) -> float:
        """The moment of the next frame, or of the one before."""
        if frames > 0:
            return self._ahead.at_s if self._ahead else self.at_s
        return self._before_s

    def _far(self, here_s: float, at_s: float) -> bool:
        return self._recording.member_at(at_s) - self._recording.member_at(here_s) > CATCH_UP

    def _begin(self, at_s: float) -> None:
        self.course.clear()
        self._here = self._ahead = None
        member = max(0, self._recording.member_at(at_s) - LEAD)
        self._rest = self._recording.frames(member)
        self._step(self._next(self._recording.start_s(member)))

    def _step(self, seen: Seen | None) -> None:
        assert seen is not None
        self._before_s = self.at_s
        self._here, self._ahead = seen, None
        self.course.append(seen.bare)
        self._ahead = self._next()

    def _next(self, start_s: float | None = None) -> Seen | None:
        """`start_s` is the moment of the first frame of a member; others follow the one that is here."""
        recorded = next(self._rest, None)
        if recorded is None:
            return None
        bare = recorded.bare()
        return Seen(played_s(bare.at_s, self.at_s) if start_s is None else start_s, recorded, bare)
