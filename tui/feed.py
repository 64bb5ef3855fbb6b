"""Where snapshots come from, as the dashboard sees it."""

from __future__ import annotations

from typing import Protocol

from orchestrator.app.log_port import GrowingLog
from orchestrator.app.ports import Watch
from orchestrator.core.live.snapshot import Snapshot
from orchestrator.core.live.watch import WatchMemory, watched


class Feed(Protocol):
    """One fleet, or a recording of one."""

    name: str
    live: bool  # whether what is shown is of now, or of the moment that it was recorded

    @property
    def note(self) -> str:
        """What the head says of it besides the snapshot; empty where there is nothing to say."""

    def look(self) -> Snapshot:
        """The next snapshot; may take long, so that it is called in a thread."""

    def log(self, replica_id: str, previous: bool = False) -> GrowingLog | None:
        """The engine's log of a replica, or of what ran in its place before; None where none is kept."""

    def logged(self) -> tuple[str, ...]:
        """Ids of the replicas whose logs can be read here, also those that have ended; the one written last first."""

    def close(self) -> None: ...


class LiveFeed:
    """Looks at a fleet's sources."""

    live = True
    note = ""

    def __init__(self, watch: Watch) -> None:
        self.name = watch.name
        self._watch = watch
        self._memory = WatchMemory()

    def look(self) -> Snapshot:
        snapshot, self._memory = watched(self.name, self._watch.read(), self._memory)
        return snapshot

    def log(self, replica_id: str, previous: bool = False) -> GrowingLog | None:
        return self._watch.log(replica_id, previous)

    def logged(self) -> tuple[str, ...]:
        return self._watch.logged()

    def close(self) -> None:
        self._watch.close()
