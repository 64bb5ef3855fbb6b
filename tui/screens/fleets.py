"""The first screen of several fleets: a row for each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from orchestrator.core.live.fleet_row import FleetRow
from orchestrator.views.live.fleets_header import chosen_fleet_lines, fleets_header_lines
from tui.screens.listing import ListingScreen
from tui.widgets.fleets_table import FleetsTable
from tui.widgets.lines import Lines
from tui.widgets.table import Table


class FleetsScreen(ListingScreen):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "slash", "ask_filter", "filter", tooltip="Filter: lab, !ready, state=behind, where=lab.*, wait>5",
            priority=True,
        ),
        Binding("y", "app.yaml", "YAML", tooltip="YAML of the fleet's row"),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self._now_s = 0.0

    def content(self) -> Iterable[Widget]:
        yield Lines(id="header")
        yield FleetsTable(id="table")
        yield Lines(id="chosen")

    def show_fleets(self, rows: Sequence[FleetRow], now_s: float) -> None:
        self._now_s = now_s
        self.query_one("#header", Lines).show(fleets_header_lines(rows))
        self.table.show(rows, now_s)
        self._show_chosen()

    def on_table_moved(self, message: Table.Moved) -> None:
        self._show_chosen()

    def _show_chosen(self) -> None:
        """The reason has more room here than in its column."""
        lines = () if self.chosen is None else chosen_fleet_lines(self.chosen, self._now_s)
        self.query_one("#chosen", Lines).show(lines)

    @property
    def chosen(self) -> FleetRow | None:
        """The one under the cursor."""
        row: FleetRow | None = self.table.row
        return row

    def on_screen_resume(self) -> None:
        """It has not been shown what was seen while another was over it."""
        self.post_message(self.Ready())
