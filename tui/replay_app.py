"""The dashboard over a recording: the same screens, and keys that wind it."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from orchestrator.core.live.snapshot import Snapshot
from orchestrator.views.live.palette import DARK
from orchestrator.views.live.span import Tone
from tui.app import TopApp
from tui.replay_feed import ReplayFeed
from tui.watched_fleet import WatchedFleet

WINDING = {"to_begin", "to_end"}
FAR_S = 10**10  # further than any recording goes
KEYS = "space pauses  [ ] 10 s  { } 1 min  home end  + - speed  . , a frame"


class ReplayApp(TopApp):
    """`space` pauses the recording, where it would freeze a screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "freeze", "pause", tooltip="Pause the recording, or go on"),
        Binding("left_square_bracket", "wind(-10)", "-10s", tooltip="10 s back in the recording"),
        Binding("right_square_bracket", "wind(10)", "+10s", tooltip="10 s on in the recording"),
        Binding("left_curly_bracket", "wind(-60)", "-1m", tooltip="A minute back in the recording"),
        Binding("right_curly_bracket", "wind(60)", "+1m", tooltip="A minute on in the recording"),
        Binding("home", "to_begin", "begin", tooltip="To the beginning of the recording", priority=True),
        Binding("end", "to_end", "end", tooltip="To the end of the recording", priority=True),
        Binding("plus", "speed(2.0)", "faster", tooltip="Twice as fast"),
        Binding("minus", "speed(0.5)", "slower", tooltip="Half as fast"),
        Binding("full_stop", "step(1)", "next", tooltip="One frame on, and pause"),
        Binding("comma", "step(-1)", "previous", tooltip="One frame back, and pause"),
    ]

    def __init__(self, feed: ReplayFeed, every_s: float, theme: str = DARK.name) -> None:
        super().__init__(feed, every_s, None, theme)
        self._replay = feed

    def on_ready(self) -> None:
        self._fleet.tell(KEYS, Tone.DIM)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Home and end are those of a prompt while something is typed there."""
        return not (action in WINDING and self.top.asks) and super().check_action(action, parameters)

    def _remember(self, fleet: WatchedFleet, snapshot: Snapshot) -> None:
        fleet.trends.replay(self._replay.course)

    def action_freeze(self) -> None:
        self._replay.change(lambda playback: playback.toggled())
        self._tick()

    def action_wind(self, seconds: float) -> None:
        self._replay.change(lambda playback: playback.at(playback.at_s + seconds))
        self._tick()

    def action_to_begin(self) -> None:
        self.action_wind(-FAR_S)

    def action_to_end(self) -> None:
        self.action_wind(FAR_S)

    def action_speed(self, factor: float) -> None:
        self._replay.change(lambda playback: playback.faster(factor))
        self._tick()

    def action_step(self, frames: int) -> None:
        self._replay.step(frames)
        self._tick()
