"""A table of any length, of which only what is seen is drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView

from orchestrator.core.errors import UsageError
from orchestrator.core.live.query import Predicate, predicate, selected
from orchestrator.views.live.column import Listing
from tui.paint import CURSOR
from tui.widgets.drawn import Drawn, Sight
from tui.widgets.rows import Rows

MOVES: dict[str, Callable[[int, int, int], int]] = {
    "up": lambda at, page, last: at - 1,
    "down": lambda at, page, last: at + 1,
    "page_up": lambda at, page, last: at - page,
    "page_down": lambda at, page, last: at + page,
    "first": lambda at, page, last: 0,
    "last": lambda at, page, last: last,
}


def sorting(keys: Mapping[str, str]) -> Iterator[Binding]:
    """Keys that sort by a column."""
    return (Binding(key, f"sort('{name}')", f"Sort by {name}", show=False) for key, name in keys.items())


class Table(Drawn, ScrollView, can_focus=True):
    """Rows as the filter and the order have them; the cursor stays on its row, wherever that goes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move('up')", "Up", show=False),
        Binding("down,j", "move('down')", "Down", show=False),
        Binding("pageup,ctrl+b", "move('page_up')", "Page up", show=False),
        Binding("pagedown,ctrl+f", "move('page_down')", "Page down", show=False),
        Binding("home,g", "move('first')", "First", show=False),
        Binding("end,G", "move('last')", "Last", show=False),
        Binding("less_than_sign,left", "sort_by(-1)", "Sort by the column before", show=False),
        Binding("greater_than_sign,right", "sort_by(1)", "Sort by the next column", show=False),
        Binding("i", "reverse", "Invert the order", show=False),
    ]

    class Moved(Message):
        """The cursor is on another row."""

    class Opened(Message):
        """Somebody wants to see one row."""

        def __init__(self, row: Any) -> None:
            super().__init__()
            self.row = row

    def __init__(self, listing: Listing, id: str | None = None) -> None:
        super().__init__(id=id)
        self.listing = listing
        self.order, self.reverse, self.faults = "state", False, False
        self.filter_text = ""
        self._wanted: Predicate = lambda row: True
        self._all: Sequence[Any] = ()
        self.rows: list[Any] = []
        self._now_s = 0.0
        self._at = 0
        self._cursor_id = ""
        self._drawn = Rows(listing)

    # -- what is shown

    def show(self, rows: Sequence[Any], now_s: float) -> None:
        """The rows as they are now; the same as before stay as they were put in order."""
        same, self._all, self._now_s = rows is self._all, rows, now_s
        if same:
            self.redraw()
        else:
            self._select()

    def filter(self, text: str) -> None:
        """Raises UsageError for what is no filter, and leaves all as it was."""
        self._wanted, self.filter_text = predicate(text, self.listing.words), text
        self._select()

    def sort(self, name: str) -> None:
        """By the column of this name, the greatest number first; again inverts it. Raises UsageError for no column."""
        columns = self.listing.by_name
        if name not in columns:
            raise UsageError(f"there is no column {name!r}: {', '.join(columns)}", hint=":sort tok_s")
        self.reverse = not self.reverse if name == self.order else columns[name].right
        self.order = name
        self._select()

    def only_faults(self, faults: bool) -> None:
        self.faults = faults
        self._select()

    @property
    def row(self) -> Any | None:
        """The one under the cursor."""
        return self.rows[self._at] if self.rows else None

    def row_text(self) -> str:
        """The row under the cursor as it is shown, its columns apart by tabs."""
        return self._drawn.text(self.row, self._now_s) if self.row else ""

    def text(self) -> str:
        """The table as it is shown, of any length, its columns apart by tabs."""
        head = "\t".join(column.title for column in self._drawn.columns)
        rows = (self._drawn.text(row, self._now_s) for row in self.rows)
        return "".join(f"{line}\n" for line in (head, *rows))

    def _select(self) -> None:
        rows = list(filter(self.listing.faulty, self._all)) if self.faults else self._all
        self.rows = selected(rows, self._wanted, self.listing.by_name[self.order].key, self.reverse)
        self._at = self._found()
        size = Size(self.room.width, len(self.rows) + 1)
        if self.virtual_size != size:
            self.virtual_size = size
        self.redraw()

    def _found(self) -> int:
        """Where the cursor's row is now; where it has gone, or none was chosen yet, the cursor stays at its line."""
        for index, row in enumerate(self.rows):
            if self.listing.name(row) == self._cursor_id:
                return index
        at = max(0, min(self._at, len(self.rows) - 1))
        if self._cursor_id:
            self._choose(at)
        return at

    def _choose(self, at: int) -> None:
        """The cursor goes with this row from now on."""
        self._cursor_id = self.listing.name(self.rows[at]) if self.rows else ""

    # -- keys

    def action_move(self, how: str) -> None:
        if not self.rows:
            return
        page, last = max(1, self.room.height - 2), len(self.rows) - 1
        self._at = max(0, min(last, MOVES[how](self._at, page, last)))
        self._choose(self._at)
        self._reveal(page)
        self.redraw()
        self.post_message(self.Moved())

    def action_open(self) -> None:
        if self.row is not None:
            self._choose(self._at)
            self.post_message(self.Opened(self.row))

    def action_sort_by(self, step: int) -> None:
        names = [column.name for column in self._drawn.columns] or list(self.listing.by_name)
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
            self.scroll_to(y=self._at, animate=False, immediate=True)
        elif self._at > top + page:
            self.scroll_to(y=self._at - page, animate=False, immediate=True)

    # -- drawing

    def on_resize(self) -> None:
        self._drawn = Rows(self.listing, self.room.width)
        self._select()

    def in_sight(self) -> Sequence[Sight]:
        top, height = self.scroll_offset.y, self.room.height
        lines = self._drawn.lines(self.rows[top : top + max(0, height - 1)], self._now_s)
        cursor = self._at if self.has_focus else None
        rows = (Sight(line, CURSOR if at == cursor else None) for at, line in enumerate(lines, top))
        return [Sight(self._drawn.head(self.order, self.reverse)), *rows]

    def watch_has_focus(self, _: Any) -> None:
        self.redraw()
