"""One thing in full: lines that are made anew of every snapshot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from orchestrator.core.live.snapshot import ReplicaRow, Snapshot
from orchestrator.views.live.replica import replica_lines
from orchestrator.views.live.span import Line, Span, Tone, clean, hanging, text_of
from tui.screens.base import TopScreen
from tui.widgets.lines import Lines
from tui.widgets.page import Page

Content = Callable[[Snapshot, float], Iterable[Line]]


class DetailScreen(TopScreen):
    def __init__(self, title: str, content: Content, wraps: bool = False) -> None:
        super().__init__()
        self._title = title
        self._content, self._wraps = content, wraps

    def content(self) -> Iterable[Widget]:
        yield Lines(id="title")
        yield Page(id="page")

    def show(self, snapshot: Snapshot, now_s: float) -> None:
        note = Span(f"  {self.note}" if self.note else "", Tone.WARN)
        self.query_one("#title", Lines).show([(Span(self._title, Tone.HEAD), note)])
        page, lines = self.query_one(Page), self._content(snapshot, now_s)
        width = page.room.width
        page.show([piece for line in lines for piece in hanging(line, width)] if self._wraps else list(lines))

    def on_resize(self) -> None:
        """Lines that wrap are laid anew."""
        self.post_message(self.Ready())

    def copied(self) -> str:
        return "\n".join(map(text_of, self.query_one(Page).lines))


class ReplicaScreen(DetailScreen):
    """Of one replica; one that is gone stands as it was last."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l", "app.logs", "log", tooltip="Log of the replica"),
        Binding(
            "p", "app.previous", "previous", tooltip="Log of the replica that ended last; again, of the one before"
        ),
        Binding("y", "app.yaml", "YAML", tooltip="YAML of the replica"),
    ]

    def __init__(self, opened: ReplicaRow) -> None:
        super().__init__(f"replica {clean(opened.replica_id)}", self._all)
        self._row = opened

    @property
    def row(self) -> ReplicaRow:
        return self._row

    def _all(self, snapshot: Snapshot, now_s: float) -> Iterator[Line]:
        now = next((each for each in snapshot.replicas if each.replica_id == self._row.replica_id), None)
        if now is None:
            yield (Span("gone; as it was last:", Tone.WARN),)
        self._row = now or self._row
        yield from replica_lines(self._row, snapshot, now_s)
