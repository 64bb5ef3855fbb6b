"""The replicas of a fleet."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from orchestrator.views.live.columns import REPLICAS
from tui.widgets.table import Table, sorting

SORT_KEYS = {
    "R": "replica", "S": "state", "V": "variant", "H": "host", "T": "tok_s", "N": "run", "W": "wait", "K": "kv",
    "U": "util", "M": "memory", "C": "temp", "P": "power", "A": "age",
}  # fmt: skip


class FleetTable(Table):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", tooltip="Open the replica"),
        *sorting(SORT_KEYS),
    ]

    def __init__(self, id: str | None = None) -> None:
        super().__init__(REPLICAS, id)
