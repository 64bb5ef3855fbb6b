"""Several fleets that `qorch top` looks at, each by a feed of its own."""

from __future__ import annotations

from collections.abc import Callable

from orchestrator.cli import compose
from orchestrator.cli.compose.found import FleetPlace
from orchestrator.cli.fleet_finder import FleetFinder, Found, require_some
from orchestrator.cli.top_feeds import Source
from orchestrator.core.errors import QorchError
from tui.awaited_feed import AwaitedFeed
from tui.feed import Feed, LiveFeed
from tui.fleet_commands import FleetCommands
from tui.watched_fleet import WatchedFleet


class WatchedFleets:
    """Those that were asked for; one that was there before keeps what was seen of it."""

    def __init__(self, source: Source, allow_changes: bool) -> None:
        self._source, self._allow_changes = source, allow_changes
        self._finder = FleetFinder(source.wish)
        self._watched: dict[FleetPlace, WatchedFleet] = {}

    def first(self) -> list[WatchedFleet]:
        """Raises QorchError where there is none."""
        found = self._finder.find()
        require_some(self._source.wish, found)
        return self._of(found)

    def find(self) -> list[WatchedFleet]:
        return self._of(self._finder.find())

    def _of(self, found: Found) -> list[WatchedFleet]:
        known = self._watched
        self._watched = {
            **{each: known.get(each) or self._made(each, self._opening(each)) for each in found.there + found.absent},
            **{each: self._made(each, _raising(trouble)) for each, trouble in found.troubles.items()},
        }
        return list(self._watched.values())

    def _made(self, fleet: FleetPlace, opened: Callable[[], Feed]) -> WatchedFleet:
        words = fleet.place.words if fleet.place else ()
        feed = AwaitedFeed(fleet.name, opened)
        return WatchedFleet(feed, FleetCommands(fleet.name, self._allow_changes, words), fleet.where)

    def _opening(self, fleet: FleetPlace) -> Callable[[], Feed]:
        return lambda: LiveFeed(compose.fleets.watch(fleet.name, fleet.place, self._source.every_s))


def _raising(trouble: QorchError) -> Callable[[], Feed]:
    def opened() -> Feed:
        raise trouble

    return opened
