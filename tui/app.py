"""The dashboard: looks at a fleet again and again, and shows what it saw."""

from __future__ import annotations

from textual import work

from orchestrator.core.errors import QorchError
from orchestrator.core.live.snapshot import Snapshot
from orchestrator.views.live.palette import DARK
from tui.commanded import CommandedApp
from tui.feed import Feed
from tui.fleet_commands import FleetCommands


class TopApp(CommandedApp):
    CSS_PATH = "theme.tcss"
    TITLE = "qorch top"

    def __init__(
        self, feed: Feed, every_s: float, fleet_commands: FleetCommands | None = None, theme: str = DARK.name
    ) -> None:
        super().__init__(feed, fleet_commands, theme)
        self._every_s = every_s
        self._looking = False

    async def on_mount(self) -> None:
        """The screen is there before the first snapshot, however soon that comes."""
        await self.push_screen(self._fleet)
        self._tick()
        self.set_interval(self._every_s, self._tick)

    def on_unmount(self) -> None:
        self._feed.close()

    def _tick(self) -> None:
        """One look at a time: a source that hangs delays the next, and nothing else."""
        if not self._looking:
            self._looking = True
            self._look()

    @work(thread=True)
    def _look(self) -> None:
        try:
            snapshot = self._feed.look()
        except QorchError as trouble:
            self.call_from_thread(self._missed, trouble)
        else:
            self.call_from_thread(self._saw, snapshot)

    def _missed(self, trouble: QorchError) -> None:
        self._looking = False
        self._fleet.tell_wrong(trouble)

    def _saw(self, snapshot: Snapshot) -> None:
        self._looking = False
        if not self._frozen:
            self._remember(snapshot)
            self._snapshot = snapshot
            self._show()

    def _remember(self, snapshot: Snapshot) -> None:
        self._trends.add(snapshot)
