"""What keys, commands and the palette do: all three come to the same actions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, TypeVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from orchestrator.core.errors import EnvironmentNotReady, QorchError, UsageError
from orchestrator.core.live.snapshot import ReplicaRow, Snapshot
from orchestrator.views.live.palette import NAMES
from orchestrator.views.live.playback import clock_text
from orchestrator.views.live.span import Tone, clean
from tui import commands, exports, pages, themes
from tui.log_choice import log_before, log_of
from tui.screens.base import TopScreen
from tui.screens.change import ChangeScreen
from tui.screens.detail import DetailScreen, ReplicaScreen
from tui.screens.fleet import FleetScreen
from tui.screens.help import HelpScreen
from tui.screens.listing import ListingScreen
from tui.screens.logs import LogsScreen
from tui.screens.named import PAGES, Seen, required
from tui.watched_fleet import WatchedFleet
from tui.widgets.prompt import Question
from tui.widgets.table import Table

S = TypeVar("S", bound=TopScreen)


class CommandedApp(App[None]):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "help", tooltip="Keys and commands"),
        Binding("colon", "ask_command", "command", tooltip="Command", priority=True),
        Binding("d", "page('decisions')", "decisions", tooltip="Scaling decisions, with every step"),
        Binding("v", "page('events')", "events", tooltip="What happened"),
        Binding("h", "page('hosts')", "hosts", tooltip="Hosts and their GPUs"),
        Binding("r", "page('requests')", "requests", tooltip="Requests that ended last, without their text"),
        Binding("m", "page('plan')", "plan", tooltip="Memory, why this profile, and what was refused"),
        Binding("x", "page('diff')", "diff", tooltip="What runs against a plan of now"),
        Binding("e", "ask_export", "export", tooltip="Write what is shown to a file", priority=True),
        Binding(
            "ctrl+r", "change_replica('restart')", "restart", show=False, tooltip="Restart the replica, once confirmed"
        ),
        Binding("space", "freeze", "freeze", tooltip="Hold the screen as it is"),
        Binding("ctrl+p", "command_palette", "palette", tooltip="Palette of commands", priority=True),
        Binding("q", "quit", "quit", tooltip="Leave"),
    ]

    def __init__(self, shown: WatchedFleet, theme: str) -> None:
        super().__init__()
        self.animation_level = "none"
        for each in themes.THEMES:
            self.register_theme(each)
        self.theme = theme
        self._shown = shown
        self._frozen = False
        self._fleet = FleetScreen(shown.trends)

    @property
    def top(self) -> TopScreen:
        """The screen that is in sight, or under the palette or one that has just been opened."""
        built = (each for each in reversed(self.screen_stack) if isinstance(each, TopScreen) and each.is_mounted)
        return next(built, self._fleet)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that ask come first, so that what is typed after them goes to the prompt; but not while one is open."""
        if action.startswith("ask_"):
            return isinstance(self.screen, TopScreen) and not self.screen.asks
        return super().check_action(action, parameters)

    def _show(self) -> None:
        """Let every screen show what was seen last."""
        snapshot, feed = self._shown.snapshot, self._shown.feed
        if snapshot is None:
            return
        now_s = time.time() if feed.live and not self._frozen else snapshot.at_s
        for screen in self.screen_stack:
            if isinstance(screen, TopScreen) and screen.is_mounted:
                screen.note = self._note(snapshot)
                screen.show(snapshot, now_s)

    def _note(self, snapshot: Snapshot) -> str:
        """What every screen says of what it shows: of which moment it is, where that is not now."""
        frozen = f"frozen at {clock_text(snapshot.at_s)}" if self._frozen else ""
        return "  ".join(filter(None, (self._shown.feed.note, frozen)))

    def on_top_screen_ready(self, message: TopScreen.Ready) -> None:
        self._show()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Of the palette: the same that can be typed, and each theme."""
        for command in commands.COMMANDS:
            typed = f"{command.name} " if command.needed else command.name
            yield SystemCommand(f":{command.name}", command.help, self._typed(typed, ask=command.needed))
        for name in NAMES:
            yield SystemCommand(f":theme {name}", "other colours", self._typed(f"theme {name}"))

    def _completed(self, text: str) -> str | None:
        return commands.completion(text)

    def _typed(self, text: str, ask: bool = False) -> Callable[[], None]:
        return (lambda: self.action_ask_command(text)) if ask else (lambda: self.command(text))

    # -- commands

    def action_ask_command(self, typed: str = "") -> None:
        self.top.ask(Question(":command, e.g. sort tok_s", self.command, typed, self._completed))

    def command(self, text: str) -> None:
        """Do what was typed; what is wrong with it is told."""
        if not text.strip(" :"):
            return
        try:
            command, argument = commands.parsed(text)
        except UsageError as wrong:
            self.top.tell_wrong(wrong)
        else:
            arguments = (*command.fixed, *([argument] if command.argument else []))
            self.call_later(self.run_action, ("app", command.action, arguments))

    def _try(self, act: Callable[[], None]) -> None:
        try:
            act()
        except QorchError as wrong:
            self.top.tell_wrong(wrong)

    def action_sort(self, name: str) -> None:
        self._on_listing(lambda listing: listing.table.sort(name))

    def action_filter(self, text: str) -> None:
        self._on_listing(lambda listing: listing.filter(text))

    def action_faults(self) -> None:
        self._on_listing(ListingScreen.action_faults)

    def _on_listing(self, act: Callable[[ListingScreen], None]) -> None:
        """On the table that is in sight, or nearest under what is."""
        listing = self._back_to(ListingScreen)
        if listing.is_mounted:
            self._try(lambda: act(listing))

    def action_freeze(self) -> None:
        self._frozen = not self._frozen
        self.top.tell("frozen; space goes on" if self._frozen else "")
        self._show()

    def action_theme(self, name: str) -> None:
        if name in self.available_themes:
            self.theme = name
        else:
            self.top.tell_wrong(UsageError(f"there is no theme {name!r}: {', '.join(NAMES)}", hint=":theme qorch-dark"))

    def action_ask_export(self) -> None:
        self.top.ask(Question(f"file to write, by its suffix: {', '.join(self._writers())}", self._export))

    def action_export(self, name: str = "") -> None:
        self._try(lambda: self._export(name)) if name else self.action_ask_export()

    def _export(self, name: str) -> None:
        if self.is_web:
            raise EnvironmentNotReady("from a browser nothing is written to this machine", hint="c copies")
        path = exports.write(name, self._writers())
        self.top.tell(f"written: {path}", Tone.GOOD)

    def _writers(self) -> dict[str, exports.Writer]:
        return {**self.top.writers(), ".svg": lambda: exports.picture(self.export_screenshot())}

    def action_change(self, verb: str, typed: str, more: str = "") -> None:
        """Ask before the fleet is changed: by `verb` with the words after it."""
        self._try(lambda: self._ask_change(verb, f"{typed} {more}"))

    def action_change_replica(self, verb: str, typed: str = "") -> None:
        """As `change`, of the replica that is meant where none is named."""
        self._try(lambda: self._ask_change(verb, typed or self._row().replica_id))

    def _ask_change(self, verb: str, typed: str) -> None:
        behind = required(self._shown.commands)
        self._open(ChangeScreen(behind.fleet, behind.change(verb, typed)))

    # -- pages

    def action_fleet(self, name: str = "") -> None:
        """Back to the fleet's screen."""
        if name not in ("", self._shown.name):
            self._told_alone(f"there is no fleet {name!r} here")
        else:
            self._back_to(FleetScreen)

    def action_fleets(self) -> None:
        self._told_alone("one fleet is watched")

    def _told_alone(self, what: str) -> None:
        self.top.tell_wrong(EnvironmentNotReady(what, hint="qorch top --all watches several"))

    def _back_to(self, kind: type[S]) -> S:
        """Leave what is over the screen of this kind."""
        while not isinstance(self.screen, kind):
            self.pop_screen()
        return self.screen

    def action_page(self, name: str) -> None:
        """In the place of whatever is over the fleet's screen."""
        shown = self._shown
        snapshot = shown.snapshot or Snapshot(time.time(), shown.name)
        seen = Seen(snapshot, shown.trends, shown.commands)
        self._try(lambda: self._open_over(PAGES[name](seen)))

    def action_help(self) -> None:
        if not isinstance(self.top, HelpScreen):
            self._open(HelpScreen(type(self), self.top))

    def action_yaml(self) -> None:
        self._try(lambda: self._open_yaml(self._row()))

    def action_logs(self) -> None:
        self._try(lambda: self._open_log(log_of(self._shown, self._row())))

    def action_previous(self) -> None:
        open_id = self.top.replica_id if isinstance(self.top, LogsScreen) else ""
        self._try(lambda: self._open_log(log_before(self._shown, self._row(), open_id)))

    def on_table_opened(self, message: Table.Opened) -> None:
        self._open_row(message.row)

    def _open_row(self, row: Any) -> None:
        self._open(ReplicaScreen(row))

    def _row(self) -> ReplicaRow:
        """The replica that is meant."""
        row = self.top.row or self._fleet.row
        if row is None:
            raise EnvironmentNotReady("no replica is chosen")
        return row

    def _open_log(self, screen: LogsScreen) -> None:
        self._open_over(screen, ReplicaScreen)

    def _open_yaml(self, row: ReplicaRow) -> None:
        snapshot = self._shown.snapshot
        at = f" at {clock_text(snapshot.at_s)}" if snapshot else ""
        screen = DetailScreen(f"replica {clean(row.replica_id)}{at}", pages.yaml_of(row))
        self._open_over(screen, ReplicaScreen)

    def _open_over(self, screen: TopScreen, *kept: type[TopScreen]) -> None:
        """In the place of what is over the fleet's screen, but for `kept`: a key that is held down piles up nothing."""
        while not isinstance(self.screen, (ListingScreen, *kept)):
            self.pop_screen()
        self._open(screen)

    def _open(self, screen: TopScreen) -> None:
        self.push_screen(screen)
