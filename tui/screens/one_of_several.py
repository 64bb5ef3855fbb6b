"""A fleet's screen that was opened from several."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from tui.screens.fleet import FleetScreen


class OneOfSeveralScreen(FleetScreen):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.step(1)", "next", tooltip="The next fleet"),
        Binding("shift+tab", "app.step(-1)", "before", tooltip="The fleet before", show=False),
        Binding("escape", "back", "fleets", tooltip="Clear the filter, then back to all fleets"),
    ]

    def action_back(self) -> None:
        if self.table.faults or self.table.filter_text:
            super().action_back()
        else:
            self.dismiss()
