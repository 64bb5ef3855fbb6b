"""The dashboard with keys pressed and its screen read, over snapshots that a test gives it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.events import Key
from textual.pilot import Pilot

from orchestrator.adapters.log_file import LogFile
from orchestrator.app.log_port import GrowingLog
from orchestrator.core.live.snapshot import Snapshot
from tests.tui.fleets import FLEET
from tui.app import TopApp
from tui.fleet_commands import FleetCommands
from tui.fleets_app import Find, FleetsApp
from tui.watched_fleet import WatchedFleet

NEVER_S = 1e6


class GivenFeed:
    """Satisfies `tui.feed.Feed`: what it is given is what there is."""

    live, note = False, ""

    def __init__(self, snapshot: Snapshot, logs: dict[str, Path] | None = None) -> None:
        self.name = "prod"
        self.snapshot = snapshot
        self.logs = logs or {}

    def look(self) -> Snapshot:
        return self.snapshot

    def log(self, replica_id: str, previous: bool = False) -> GrowingLog | None:
        name = f"{replica_id} (previous)" if previous else replica_id
        return LogFile(self.logs[name]) if name in self.logs else None

    def logged(self) -> tuple[str, ...]:
        return tuple(self.logs)

    def close(self) -> None: ...


class Driven:
    """A dashboard that runs without a terminal."""

    def __init__(self, app: TopApp, pilot: Pilot[None], feed: GivenFeed) -> None:
        self.app, self._pilot, self._feed = app, pilot, feed

    async def press(self, *keys: str) -> None:
        await self._pilot.press(*keys)
        await self._pilot.pause()

    async def type(self, text: str) -> None:
        """As a person or a paste would, and enter."""
        names = {" ": "space", ":": "colon", "/": "slash", "-": "minus", ".": "full_stop", "_": "underscore"}
        await self.press(*(names.get(char, char) for char in text), "enter")

    async def burst(self, text: str) -> None:
        """All keys before the first of them has done anything, as a paste or a slow line brings them."""
        for char in text:
            self.app.post_message(Key({":": "colon"}.get(char, char), char))
        await self._pilot.pause()

    async def look(self, snapshot: Snapshot) -> None:
        """The next look at the fleet finds this."""
        self._feed.snapshot = snapshot
        self.app._tick()
        await self.until(lambda: self.app._shown.snapshot is snapshot)

    async def until(self, so: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not so():
                await self._pilot.pause(0.01)
        await self._pilot.pause()

    async def shows(self, text: str) -> None:
        await self.until(lambda: text in self.text())

    def text(self) -> str:
        """What is on the screen, a line each."""
        strips = self.app.screen._compositor.render_strips()
        return "".join(f"{strip.text.rstrip()}\n" for strip in strips)

    def line(self, part: str) -> str:
        """The first line that has this in it."""
        return next((line for line in self.text().splitlines() if part in line), "")


@asynccontextmanager
async def dashboard(
    snapshot: Snapshot = FLEET,
    size: tuple[int, int] = (120, 30),
    logs: dict[str, Path] | None = None,
    commands: FleetCommands | None = None,
    **options: Any,
) -> AsyncIterator[Driven]:
    feed = GivenFeed(snapshot, logs)
    app = TopApp(feed, NEVER_S, commands, **options)
    async with app.run_test(size=size) as pilot:
        driven = Driven(app, pilot, feed)
        await driven.until(lambda: app._shown.snapshot is not None)
        yield driven


@asynccontextmanager
async def several(
    fleets: Sequence[WatchedFleet], size: tuple[int, int] = (120, 30), find: Find | None = None
) -> AsyncIterator[Driven]:
    """A dashboard over several, which is shown what the first look at each of them finds."""
    app = FleetsApp(fleets, find or (lambda: fleets), NEVER_S)
    async with app.run_test(size=size) as pilot:
        driven = Driven(app, pilot, fleets[0].feed)  # type: ignore[arg-type]
        await driven.until(lambda: not any(each.looking for each in fleets) and not app._will_show)
        yield driven
