"""A fleet that may not be there yet."""

from __future__ import annotations

from collections.abc import Callable

from orchestrator.app.log_port import GrowingLog
from orchestrator.core.live.snapshot import Snapshot
from tui.feed import Feed


class AwaitedFeed:
    """Satisfies `tui.feed.Feed`; `opened` is tried at each look until there is one, and raises QorchError before."""

    live = True

    def __init__(self, name: str, opened: Callable[[], Feed]) -> None:
        self.name = name
        self._opened = opened
        self._feed: Feed | None = None
        self._closed = False

    @property
    def note(self) -> str:
        return self._feed.note if self._feed else ""

    def look(self) -> Snapshot:
        if self._feed is None:
            self._feed = self._opened()
            if self._closed:  # meanwhile
                self._feed.close()
        return self._feed.look()

    def log(self, replica_id: str, previous: bool = False) -> GrowingLog | None:
        return self._feed.log(replica_id, previous) if self._feed else None

    def logged(self) -> tuple[str, ...]:
        return self._feed.logged() if self._feed else ()

    def close(self) -> None:
        self._closed = True
        if self._feed is not None:
            self._feed.close()
