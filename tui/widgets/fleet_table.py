"""The replicas of a fleet as a table of any length, of which only what is seen is drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from orchestrator.core.errors import UsageError
from orchestrator.core.live.query import Predicate, predicate, selected
from orchestrator.core.live.snapshot import ReplicaRow
from orchestrator.views.live.columns import BY_NAME, Column, fitting, widths
from orchestrator.views.live.span import Span, Tone
from tui.paint import CURSOR, sized
from tui.widgets.drawn import Drawn

ARROWS = {False: "▲", True: "▼"}
SORT_KEYS = {
    "R": "replica", "S": "state", "V": "variant", "H": "host", "T": "tok_s", "N": "run", "W": "wait", "K": "kv",
    "U": "util", "M": "memory", "C": "temp", "P": "power", "A": "age",
}  # fmt: skip
MOVES: dict[str, Callable[[int, int, int], int]] = {
    "up": lambda at, page, last: at - 1,
    "down": lambda at, page, last: at + 1,
    "page_up": lambda at, page, last: at - page,
    "page_down": lambda at, page, last: at + page,
    "first": lambda at, page, last: 0,
    "last": lambda at, page, last: last,
}


class FleetTable(Drawn, ScrollView, can_focus=True):
    """Rows as the filter and the order have them; the cursor stays on its replica, wherever that goes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move('up')", "Up", show=False),
        Binding("down,j", "move('down')", "Down", show=False),
        Binding("pageup,ctrl+b", "move('page_up')", "Page up", show=False),
        Binding("pagedown,ctrl+f", "move('page_down')", "Page down", show=False),
        Binding("home,g", "move('first')", "First", show=False),
        Binding("end,G", "move('last')", "Last", show=False),
        Binding("enter", "open", "Open"),
        Binding("less_than_sign,left", "sort_by(-1)", "Sort by the column before", show=False),
        Binding("greater_than_sign,right", "sort_by(1)", "Sort by the next column", show=False),
        Binding("i", "reverse", "Invert the order", show=False),
        *(Binding(key, f"sort('{name}')", f"Sort by {name}", show=False) for key, name in SORT_KEYS.items()),
    ]

    class Opened(Message):
        """Somebody wants to see one replica."""

        def __init__(self, row: ReplicaRow) -> None:
            super().__init__()
            self.row = row

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.order, self.reverse, self.faults = "state", False, False
        self.filter_text = ""
        self._wanted: Predicate = lambda row: True
        self._all: Sequence[ReplicaRow] = ()
        self.rows: list[ReplicaRow] = []
        self._now_s = 0.0
        self._at = 0
        self._cursor_id = ""
        self._columns: tuple[Column, ...] = ()
        self._widths: tuple[int, ...] = ()
        self._painted: list[Painted] = []
        self._painted_at: tuple[Size, int] | None = None

    # -- what is shown

    def show(self, rows: Sequence[ReplicaRow], now_s: float) -> None:
        """The replicas as they are now."""
        self._all, self._now_s = rows, now_s
        self._select()

    def filter(self, text: str) -> None:
        """Raises UsageError for what is no filter, and leaves all as it was."""
        self._wanted, self.filter_text = predicate(text), text
        self._select()

    def sort(self, name: str) -> None:
        """By the column of this name; again by the same one inverts the order. Raises UsageError for no column."""
        if name not in BY_NAME:
            raise UsageError(f"there is no column {name!r}: {', '.join(BY_NAME)}", hint=":sort tok_s")
        self.reverse = not self.reverse if name == self.order else False
        self.order = name
        self._select()

    def only_faults(self, faults: bool) -> None:
        self.faults = faults
        self._select()

    @property
    def row(self) -> ReplicaRow | None:
        """The one under the cursor."""
        return self.rows[self._at] if self.rows else None

    def row_text(self) -> str:
        """The row under the cursor as it is shown, its columns apart by tabs."""
        return self._row_text(self.row) if self.row else ""

    def text(self) -> str:
        """The table as it is shown, of any length, its columns apart by tabs."""
        head = "\t".join(column.title for column in self._columns)
        return "".join(f"{line}\n" for line in (head, *map(self._row_text, self.rows)))

    def _row_text(self, row: ReplicaRow) -> str:
        return "\t".join(column.cell(row, self._now_s) for column in self._columns)

    def _select(self) -> None:
        self.rows = selected(self._all, self._wanted, BY_NAME[self.order].key, self.reverse, self.faults)
        self._at = self._found()
        self.virtual_size = Size(self.size.width, len(self.rows) + 1)
        self._repaint()

    def _found(self) -> int:
        """Where the cursor's replica is now; where it has gone, the cursor stays at its line."""
        for index, row in enumerate(self.rows):
            if row.replica_id == self._cursor_id:
                return index
        at = max(0, min(self._at, len(self.rows) - 1))
        self._cursor_id = self.rows[at].replica_id if self.rows else ""
        return at

    # -- keys

    def action_move(self, how: str) -> None:
        if not self.rows:
            return
        page, last = max(1, self.size.height - 2), len(self.rows) - 1
        self._at = max(0, min(last, MOVES[how](self._at, page, last)))
        self._cursor_id = self.rows[self._at].replica_id
        self._reveal(page)
        self._repaint()

    def action_open(self) -> None:
        if self.row is not None:
            self.post_message(self.Opened(self.row))

    def action_sort_by(self, step: int) -> None:
        names = [column.name for column in self._columns] or list(BY_NAME)
        at = names.index(self.order) if self.order in names else 0
        self.order = names[(at + step) % len(names)]
        self._select()

    def action_sort(self, name: str) -> None:
        self.sort(name)

    def action_reverse(self) -> None:
        self.reverse = not self.reverse
        self._select()

    def _reveal(self, page: int) -> None:
        top = self.scroll_offset.y
        if self._at < top:
            self.scroll_to(y=self._at, animate=False)
        elif self._at > top + page:
            self.scroll_to(y=self._at - page, animate=False)

    # -- drawing

    def on_resize(self) -> None:
        self._columns = fitting(self.size.width)
        self._widths = widths(self._columns, self.size.width)
        self._select()

    def _repaint(self) -> None:
        """Have only those lines drawn that look otherwise than before: a terminal may be far away."""
        before, was_at = self._painted, self._painted_at
        self._paint()
        if was_at != self._painted_at:
            self.refresh()
            return
        changed = [y for y, (old, new) in enumerate(zip(before, self._painted, strict=True)) if old != new]
        if changed:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed))

    def _paint(self) -> None:
        self._painted = [self._line(y) for y in range(self.size.height)]
        self._painted_at = self._place

    @property
    def _place(self) -> tuple[Size, int]:
        return self.size, self.scroll_offset.y

    def render_line(self, y: int) -> Strip:
        if self._painted_at != self._place:
            self._paint()
        line, over = self._painted[y]
        return strip_of(line, self.size.width, over)

    def _line(self, y: int) -> Painted:
        if y == 0:
            return self.drawn((Span(self._head(), Tone.HEAD),))
        index = self.scroll_offset.y + y - 1
        if index >= len(self.rows):
            return self.drawn(())
        over = CURSOR if index == self._at and self.has_focus else None
        return self.drawn(self._cells(self.rows[index]), over)

    def _head(self) -> str:
        return " ".join(
            sized(self._title(column), width, column.right)
            for column, width in zip(self._columns, self._widths, strict=True)
        )

    def _title(self, column: Column) -> str:
        return column.title + (ARROWS[self.reverse] if column.name == self.order else "")

    def _cells(self, row: ReplicaRow) -> list[Span]:
        """Neighbours of one tone are one span: fewer are drawn faster."""
        spans: list[Span] = []
        for column, width in zip(self._columns, self._widths, strict=True):
            text, tone = sized(column.cell(row, self._now_s), width, column.right) + " ", column.tone(row)
            if spans and spans[-1].tone == tone:
                spans[-1] = Span(spans[-1].text + text, tone)
            else:
                spans.append(Span(text, tone))
        return spans

    def watch_has_focus(self, _: Any) -> None:
        self._repaint()
