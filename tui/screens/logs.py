"""The log of one replica's engine, as it grows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.widget import Widget

from orchestrator.app.log_port import GrowingLog
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.live.snapshot import ReplicaRow
from orchestrator.views.live.span import Span, Tone, clean
from tui.log_tail import Grown, LogTail
from tui.screens.base import TopScreen
from tui.widgets.lines import Lines
from tui.widgets.log_view import LogView
from tui.widgets.prompt import Question

EVERY_S = 0.5


class LogsScreen(TopScreen):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "ask_search", "find", tooltip="Find text; capitals count where it has some", priority=True),
        Binding("n", "find_again(True)", "next", tooltip="Next line that has it"),
        Binding("N", "find_again(False)", "before", tooltip="The line before that has it"),
        Binding("l", "app.logs", "log", tooltip="Log of the replica"),
        Binding(
            "p", "app.previous", "previous", tooltip="Log of the replica that ended last; again, of the one before"
        ),
        Binding("w", "wrap", "wrap", tooltip="Wrap long lines"),
        Binding("space", "pause", "pause", tooltip="Read no further until it is pressed again"),
    ]

    def __init__(self, row: ReplicaRow, replica_id: str, log: GrowingLog, state: str = "") -> None:
        """The log is of `row`, or of what was before it, as `state` says."""
        super().__init__()
        told = f" ({state})" if state else ""
        self.replica_id = replica_id
        self._row, self._title, self._tail = row, f"log of {clean(replica_id)}{told}", LogTail(log)
        self._paused = self._reading = self._gone = self._refused = False

    def content(self) -> Iterable[Widget]:
        yield Lines(id="title")
        yield LogView()

    def on_mount(self) -> None:
        self.set_interval(EVERY_S, self._tick)
        self._tick()

    def on_unmount(self) -> None:
        self._tail.close()

    @property
    def log_view(self) -> LogView:
        return self.query_one(LogView)

    @property
    def row(self) -> ReplicaRow:
        return self._row

    def copied(self) -> str:
        return self.log_view.in_sight()

    # -- reading

    def _tick(self) -> None:
        self._show_title()
        if not self._paused and not self._reading:
            self._reading = True
            self._read()

    @work(thread=True)
    def _read(self) -> None:
        try:
            grown = self._tail.read()
        except (OSError, ValueError) as wrong:  # ValueError: closed, because the screen is
            self.app.call_from_thread(self._missed, EnvironmentNotReady(str(wrong)))
        except EnvironmentNotReady as wrong:
            self.app.call_from_thread(self._missed, wrong)
        else:
            self.app.call_from_thread(self._add, grown)

    def _missed(self, wrong: EnvironmentNotReady) -> None:
        self._reading, self._refused = False, True
        if self.is_attached:
            self.tell_wrong(wrong)

    def _add(self, grown: Grown) -> None:
        self._reading, self._gone = False, grown.gone
        if not self.is_attached:
            return
        if self._refused and grown.lines:
            self._refused = False
            self.tell("")
        notes = ["── the log begins anew ──"] if grown.anew else []
        notes += [f"── {grown.skipped_bytes:,} bytes left out ──"] if grown.skipped_bytes else []
        if notes or grown.lines:
            self.log_view.add((*notes, *grown.lines))
            self._show_title()

    def _show_title(self) -> None:
        view = self.log_view
        state = "ended" if self._gone else "paused" if self._paused else "following" if view.following else "stands"
        wrapped = "  wrapped" if view.wrap else ""
        head = Span(self._title, Tone.HEAD)
        rest = f"  {state}  {len(view.lines):,} lines{wrapped}{self._search_text()}"
        self.query_one("#title", Lines).show([(head, Span(rest, Tone.DIM))])

    def _search_text(self) -> str:
        view = self.log_view
        if not view.wanted:
            return ""
        matches = view.matches()
        place = f"{matches.index(view.at) + 1} of {len(matches)}" if view.at in matches else f"{len(matches)} lines"
        return f"  {clean(view.wanted)!r}: {place}"

    # -- keys

    def action_ask_search(self) -> None:
        self.ask(Question("text to find", self._find))

    def action_find_again(self, forward: bool) -> None:
        self.log_view.find(self.log_view.wanted, forward)
        self._show_title()

    def action_wrap(self) -> None:
        self.log_view.toggle_wrap()
        self._show_title()

    def action_pause(self) -> None:
        self._paused = not self._paused
        self._show_title()

    def _find(self, wanted: str) -> None:
        self.log_view.find(wanted, forward=False)
        self._show_title()
