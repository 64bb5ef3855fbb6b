"""One fleet that is watched: where its snapshots come from, what was seen of it, and the commands behind it."""

from __future__ import annotations

from orchestrator.core.errors import QorchError
from orchestrator.core.live.fleet_row import FleetRow, fleet_row, in_trouble, late
from orchestrator.core.live.snapshot import Snapshot
from tui.feed import Feed
from tui.fleet_commands import FleetCommands
from tui.trends import Trends


class WatchedFleet:
    """`commands` is None where nothing runs behind what is shown, as behind a recording."""

    def __init__(self, feed: Feed, commands: FleetCommands | None, where: str = "") -> None:
        self.feed, self.commands, self.where = feed, commands, where
        self.trends = Trends()
        self.snapshot: Snapshot | None = None
        self.looking = False  # one look at a time: a source that hangs delays the next, and nothing else
        self._row = FleetRow(feed.name, where)

    @property
    def name(self) -> str:
        return self.feed.name

    @property
    def label(self) -> str:
        """Its name among several."""
        return f"{self.where}/{self.name}"

    def saw(self, snapshot: Snapshot) -> None:
        self.snapshot, self._row = snapshot, fleet_row(self.where, snapshot)

    def missed(self, trouble: QorchError) -> None:
        self._row = in_trouble(self._row, trouble)

    def row(self, now_s: float, patience_s: float) -> FleetRow:
        """How it is; of one that is of now, not after a look that has taken longer than `patience_s`."""
        return late(self._row, now_s, patience_s) if self.feed.live else self._row
