"""The requests that ended last; those that went wrong can be looked at alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from textual.binding import Binding, BindingType

from orchestrator.core.answered import Answered
from orchestrator.core.live.snapshot import Snapshot
from orchestrator.views.live.export import csv_text, json_text
from orchestrator.views.live.requests import ended, request_lines
from orchestrator.views.live.span import Line
from tui.exports import Writer
from tui.screens.detail import DetailScreen

TITLE = "requests that ended last"


class RequestsScreen(DetailScreen):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "f", "faults", "faults", tooltip="Only requests that failed, were refused, or were left by their clients"
        )
    ]

    def __init__(self) -> None:
        super().__init__(TITLE, self._all)
        self._only_faults = False
        self._shown: tuple[Answered, ...] = ()

    def writers(self) -> Mapping[str, Writer]:
        shown = self._shown
        return {".csv": lambda: csv_text(shown, Answered), ".json": lambda: json_text(shown), **super().writers()}

    def action_faults(self) -> None:
        self._only_faults = not self._only_faults
        self._title = f"{TITLE}, but for those that were answered" if self._only_faults else TITLE
        self.post_message(self.Ready())

    def _all(self, snapshot: Snapshot, now_s: float) -> Iterable[Line]:
        self._shown = tuple(each for each in ended(snapshot) if not (self._only_faults and each.well))
        return request_lines(self._shown)
