"""A screen around one table: a filter, faults only, and its rows to copy or to write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.binding import Binding, BindingType

from orchestrator.views.live.export import csv_text, json_text
from orchestrator.views.live.span import Tone
from tui.exports import Writer
from tui.screens.base import TopScreen
from tui.widgets.prompt import Question
from tui.widgets.table import Table

SHORT, TINY = 20, 10  # lines of a terminal, below which something gives way


class ListingScreen(TopScreen):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "ask_filter", "filter", tooltip="Filter: pattern, !pattern, state=…, wait>5", priority=True),
        Binding("f", "faults", "faults", tooltip="Only what somebody should look at"),
        Binding("escape", "back", "clear", tooltip="Clear the filter", show=False),
    ]

    def on_resize(self) -> None:
        self.set_class(self.size.height < SHORT, "-short")
        self.set_class(self.size.height < TINY, "-tiny")

    @property
    def table(self) -> Table:
        return self.query_one(Table)

    def copied(self) -> str:
        return self.table.row_text()

    def writers(self) -> Mapping[str, Writer]:
        rows, kind = self.table.rows, self.table.listing.kind
        return {".csv": lambda: csv_text(rows, kind), ".json": lambda: json_text(rows), ".txt": self.table.text}

    # -- keys

    def action_ask_filter(self) -> None:
        self.ask(Question(self.table.listing.words.example, self.filter, self.table.filter_text))

    def action_faults(self) -> None:
        self.table.only_faults(not self.table.faults)
        self.tell("only faults" if self.table.faults else "")

    def action_back(self) -> None:
        """What hides rows goes."""
        self.table.only_faults(False)
        self.filter("")

    def filter(self, text: str) -> None:
        """Raises UsageError for what is no filter."""
        self.table.filter(text)
        self.tell(f"filter: {text}" if text else "", Tone.DIM)
