"""The dashboard: looks at a fleet again and again, and shows what it saw."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress

from orchestrator.core.errors import QorchError
from orchestrator.core.live.snapshot import Snapshot
from orchestrator.views.live.palette import DARK
from tui.commanded import CommandedApp
from tui.feed import Feed
from tui.fleet_commands import FleetCommands
from tui.screens.base import TopScreen
from tui.watched_fleet import WatchedFleet


class TopApp(CommandedApp):
    CSS_PATH = "theme.tcss"
    TITLE = "qorch top"

    def __init__(
        self, feed: Feed, every_s: float, fleet_commands: FleetCommands | None = None, theme: str = DARK.name
    ) -> None:
        super().__init__(WatchedFleet(feed, fleet_commands), theme)
        self._every_s = every_s

    async def on_mount(self) -> None:
        """The screen is there before the first snapshot, however soon that comes."""
        await self.push_screen(self._first)
        self._tick()
        self.set_interval(self._every_s, self._tick)

    def on_unmount(self) -> None:
        for each in self._watched():
            each.feed.close()

    @property
    def _first(self) -> TopScreen:
        return self._fleet

    def _watched(self) -> Iterable[WatchedFleet]:
        return (self._shown,)

    def _due(self) -> Iterable[WatchedFleet]:
        """Those that are looked at now."""
        return self._watched()

    def _tick(self) -> None:
        for each in self._due():
            if not each.looking:
                each.looking = True
                self._aside(self._look, each)

    def _aside(self, work: Callable[..., None], *about: object) -> None:
        """In a thread of its own: what hangs there keeps nobody waiting, not even who leaves."""
        threading.Thread(target=work, args=about, name="qorch-look", daemon=True).start()

    def _told(self, what: Callable[..., None], *about: object) -> None:
        """From such a thread to the app, if it still runs."""
        with suppress(RuntimeError):
            self.call_later(what, *about)

    def _look(self, fleet: WatchedFleet) -> None:
        try:
            snapshot = fleet.feed.look()
        except QorchError as trouble:
            self._told(self._missed, fleet, trouble)
        except Exception as broken:
            self._told(self._broke, broken)
        else:
            self._told(self._saw, fleet, snapshot)

    def _broke(self, broken: Exception) -> None:
        """What is not known to go wrong ends the dashboard, as it does anywhere in it."""
        raise broken

    def _missed(self, fleet: WatchedFleet, trouble: QorchError) -> None:
        fleet.looking = False
        fleet.missed(trouble)
        if fleet is self._shown and self._fleet.is_mounted:
            self._fleet.tell_wrong(trouble)

    def _saw(self, fleet: WatchedFleet, snapshot: Snapshot) -> None:
        fleet.looking = False
        if not self._frozen:
            self._remember(fleet, snapshot)
            fleet.saw(snapshot)
            if fleet is self._shown:
                self._show()

    def _remember(self, fleet: WatchedFleet, snapshot: Snapshot) -> None:
        fleet.trends.add(snapshot)
