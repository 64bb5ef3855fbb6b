"""The dashboard: looks at a fleet again and again, and shows what it saw."""

from __future__ import annotations

import time
from typing import ClassVar, Protocol

from textual import work
from textual.app import App
from textual.binding import Binding, BindingType

from orchestrator.core.errors import QorchError
from orchestrator.core.live.snapshot import ReplicaRow, Snapshot
from orchestrator.views.live.replica import gpu_lines, replica_lines
from orchestrator.views.live.span import Span, Tone
from orchestrator.views.live.trail import change_text, event_lines, step_lines
from tui.feed import Feed
from tui.screens.detail import DetailScreen
from tui.screens.fleet import FleetScreen
from tui.trends import Trends
from tui.widgets.fleet_table import FleetTable


class Shows(Protocol):
    """A screen that follows the fleet."""

    def show(self, snapshot: Snapshot, now_s: float) -> None: ...


class TopApp(App[None]):
    CSS_PATH = "theme.tcss"
    TITLE = "qorch top"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "Quit"),
        Binding("space", "freeze", "Freeze"),
        Binding("d", "decisions", "Decisions"),
        Binding("e", "events", "Events"),
        Binding("h", "hosts", "Hosts and GPUs"),
    ]

    def __init__(self, feed: Feed, every_s: float) -> None:
        super().__init__()
        self._feed = feed
        self._every_s = every_s
        self._trends = Trends()
        self._snapshot: Snapshot | None = None
        self._looking = self._frozen = False
        self._fleet = FleetScreen(self._trends)

    def on_mount(self) -> None:
        self.push_screen(self._fleet)
        self._tick()
        self.set_interval(self._every_s, self._tick)

    def on_unmount(self) -> None:
        self._feed.close()

    # -- looking

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
        self._fleet.tell(f"{trouble.message}; hint: {trouble.hint}" if trouble.hint else trouble.message, Tone.BAD)

    def _saw(self, snapshot: Snapshot) -> None:
        self._looking = False
        if not self._frozen:
            self._trends.add(snapshot)
            self._snapshot = snapshot
            self._show()

    def _show(self) -> None:
        if self._snapshot is None:
            return
        now_s = time.time() if self._feed.live and not self._frozen else self._snapshot.at_s
        for screen in self.screen_stack:
            if isinstance(screen, (FleetScreen, DetailScreen)) and screen.is_mounted:
                screen.show(self._snapshot, now_s)

    # -- keys

    def action_freeze(self) -> None:
        self._frozen = not self._frozen
        self._fleet.tell("frozen; space goes on" if self._frozen else "")

    def action_hosts(self) -> None:
        self._open(DetailScreen("hosts and GPUs", lambda snapshot, now_s: gpu_lines(snapshot.gpus)))

    def action_events(self) -> None:
        self._open(DetailScreen("events", lambda snapshot, now_s: event_lines(self._trends.events, now_s)))

    def action_decisions(self) -> None:
        self._open(DetailScreen("decisions", _decisions))

    def on_fleet_table_opened(self, message: FleetTable.Opened) -> None:
        self._open(DetailScreen(f"replica {message.row.replica_id}", _replica(message.row)))

    def _open(self, screen: DetailScreen) -> None:
        self.push_screen(screen, callback=None)
        self.call_after_refresh(self._show)


def _replica(opened: ReplicaRow):  # type: ignore[no-untyped-def]
    def lines(snapshot: Snapshot, now_s: float):  # type: ignore[no-untyped-def]
        row = next((each for each in snapshot.replicas if each.replica_id == opened.replica_id), None)
        if row is None:
            yield (Span("gone; as it was last:", Tone.WARN),)
        yield from replica_lines(row or opened, snapshot, now_s)

    return lines


def _decisions(snapshot: Snapshot, now_s: float):  # type: ignore[no-untyped-def]
    for decided in reversed(snapshot.decisions):
        yield (Span(change_text(decided), Tone.HEAD),)
        yield from step_lines(decided)
        yield ()
