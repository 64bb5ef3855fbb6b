"""Every look at a fleet goes into a recording too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from orchestrator.adapters.recorder import Recorder
from orchestrator.app.log_port import GrowingLog
from orchestrator.core.live.snapshot import Snapshot
from orchestrator.views.live.playback import recording_text
from tui.feed import Feed


class RecordFeed:
    """Satisfies `tui.feed.Feed`; a file that cannot be written any more ends the recording, never the looking."""

    def __init__(self, feed: Feed, recorder: Recorder) -> None:
        self.name, self.live = feed.name, feed.live
        self.stopped = ""
        self._feed = feed
        self._recorder = recorder
        self._lock = Lock()  # a look may go on while all is closed

    @property
    def path(self) -> Path:
        return self._recorder.path

    @property
    def frames(self) -> int:
        return self._recorder.frames

    @property
    def bytes(self) -> int:
        return self._recorder.bytes

    @property
    def note(self) -> str:
        return recording_text(self._recorder.bytes, self.stopped)

    def look(self) -> Snapshot:
        snapshot = self._feed.look()
        with self._lock:
            self._record(snapshot)
        return snapshot

    def log(self, replica_id: str, previous: bool = False) -> GrowingLog | None:
        return self._feed.log(replica_id, previous)

    def logged(self) -> tuple[str, ...]:
        return self._feed.logged()

    def close(self) -> None:
        self._feed.close()
        with self._lock, self._stopping():
            self._recorder.close()

    def _record(self, snapshot: Snapshot) -> None:
        if not self.stopped and not self._recorder.closed:
            with self._stopping():
                self._recorder.add(snapshot)

    @contextmanager
    def _stopping(self) -> Iterator[None]:
        """The first trouble is what is told."""
        try:
            yield
        except OSError as trouble:
            self.stopped = self.stopped or trouble.strerror or str(trouble)
