"""Several fleets side by side."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from orchestrator.views.live.fleet_columns import FLEETS
from tui.widgets.table import Table, sorting

SORT_KEYS = {
    "N": "fleet", "H": "where", "S": "state", "R": "ready", "T": "tok_s", "L": "ttft", "W": "wait", "U": "gpus",
    "P": "cost",
}  # fmt: skip


class FleetsTable(Table):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", tooltip="Open the fleet"),
        *sorting(SORT_KEYS),
    ]

    def __init__(self, id: str | None = None) -> None:
        super().__init__(FLEETS, id)
