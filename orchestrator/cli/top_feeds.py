"""What `qorch top` looks at: a fleet or several, a recording of one, or the one that is simulated."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator import __version__
from orchestrator.cli import compose
from orchestrator.cli.compose.places import ClusterPlace
from orchestrator.cli.fleets_wish import HELP, Wish
from orchestrator.core.errors import EnvironmentNotReady, UsageError
from orchestrator.core.fleet import command

if TYPE_CHECKING:
    from tui.feed import Feed
    from tui.record_feed import RecordFeed
    from tui.replay_feed import ReplayFeed

CLUSTER_EVERY_S = 2.0  # at least: an API server has many requests to answer


@dataclass(frozen=True)
class Source:
    """What was asked for; a recording is of no place."""

    wish: Wish
    asked_every_s: float
    replay: Path | None
    demo: bool
    record: Path | None
    limit_bytes: int  # of what is recorded

    def __post_init__(self) -> None:
        asked = {"--replay": self.replay, "--demo": self.demo, "--record": self.record}
        several = [name for name, value in asked.items() if value]
        if len(several) > 1:
            raise UsageError(f"{' and '.join(several)} do not go together", hint=HELP)
        if several and not self.wish.of_one:
            raise UsageError(f"{several[0]} is of one fleet, and several were asked for", hint=HELP)

    @property
    def every_s(self) -> float:
        """Between two looks."""
        recorded = self.demo or self.replay is not None
        in_cluster = any(place is not None for place in self.wish.places)
        return max(self.asked_every_s, CLUSTER_EVERY_S) if in_cluster and not recorded else self.asked_every_s

    @property
    def fleet(self) -> str:
        """Where one was asked for."""
        return self.wish.names[0]

    @property
    def place(self) -> ClusterPlace | None:
        """Where one was asked for; None: this host."""
        return self.wish.places[0]


@dataclass(frozen=True)
class Look:
    """How the screen looks, and whether the fleet may be changed from it."""

    theme: str
    allow_changes: bool


def feed(source: Source) -> Feed:
    """Raises EnvironmentNotReady where there is no such fleet, UsageError for a file that is no recording."""
    if source.demo:
        return _replayed(compose.fleets.demo_recording(), loops=True)
    if source.replay is not None:
        return _replayed(source.replay)
    return _live(source) if source.record is None else record_feed(source, source.record)


def record_feed(source: Source, path: Path) -> RecordFeed:
    """Looks at the fleet, and keeps what was seen; raises UsageError where there is such a file."""
    from orchestrator.adapters.recorder import Recorder
    from orchestrator.core.live.recording import Header
    from tui.record_feed import RecordFeed

    live = _live(source)
    return RecordFeed(live, Recorder(path, Header(live.name, __version__), source.limit_bytes))


def _replayed(path: Path, loops: bool = False) -> ReplayFeed:
    from orchestrator.adapters.recording import Recording
    from tui.replay_feed import ReplayFeed

    return ReplayFeed(Recording(path), loops)


def _live(source: Source) -> Feed:
    from tui.feed import LiveFeed

    try:
        return LiveFeed(compose.fleets.watch(source.fleet, source.place, source.every_s))
    except EnvironmentNotReady as none:
        if source.place is not None:
            raise
        hint = f"{command('up', source.fleet)}; without a fleet: qorch top --demo"
        raise EnvironmentNotReady(none.message, hint=hint) from none
