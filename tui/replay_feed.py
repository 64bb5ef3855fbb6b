"""A recording as a feed: it can be paused, wound and stepped through."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from threading import Lock

from orchestrator.adapters.recording import Recording
from orchestrator.core.errors import QorchError
from orchestrator.core.live.playback import Playback
from orchestrator.core.live.snapshot import Snapshot
from orchestrator.views.live.playback import playback_text
from tui.player import Player


class ReplayFeed:
    """Satisfies `tui.feed.Feed`; keys come from another thread than looks."""

    live = False

    def __init__(self, recording: Recording, loops: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = recording.header.fleet
        self._recording, self._player = recording, Player(recording)
        self._clock, self._looked_s = clock, clock()
        self._lock = Lock()
        self._playback = Playback(recording.begin_s, recording.end_s, recording.begin_s, loops=loops)

    @property
    def note(self) -> str:
        return playback_text(self._playback, self._recording.header.simulated)

    @property
    def course(self) -> Iterable[Snapshot]:
        """What led up to the last look, without tables."""
        return self._player.course

    def look(self) -> Snapshot:
        with self._lock:
            self._pass_time()
            try:
                return self._player.go(self._playback.at_s)
            except QorchError:
                self._playback = self._playback.paused_at(self._player.at_s)
                raise

    def log(self, replica_id: str, previous: bool = False) -> None:
        return None

    def logged(self) -> tuple[str, ...]:
        return ()

    def close(self) -> None:
        self._recording.close()

    def change(self, how: Callable[[Playback], Playback]) -> None:
        """What the next look is of."""
        with self._lock:
            self._pass_time()
            self._playback = how(self._playback)

    def step(self, frames: int) -> None:
        """One frame on, or back, and paused there."""
        self.change(lambda playback: playback.paused_at(self._player.beside(frames)))

    def _pass_time(self) -> None:
        now_s = self._clock()
        self._playback, self._looked_s = self._playback.after(now_s - self._looked_s), now_s
