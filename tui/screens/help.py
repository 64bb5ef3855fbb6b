"""Keys and commands, as they are bound: nothing here is written twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from textual.binding import Binding
from textual.widget import Widget

from orchestrator.views.live.column_words import COLUMN_WORDS
from orchestrator.views.live.columns import REPLICAS
from orchestrator.views.live.span import Line, Span, Tone, text_of
from tui.commands import COMMANDS, Command
from tui.keys import bindings_of, told
from tui.screens.base import TopScreen
from tui.widgets.page import Page

KEY_WIDTH, COMMAND_WIDTH = 18, 36
TITLE_WIDTH, NAME_WIDTH = 10, 9


def help_lines(sections: Sequence[tuple[str, Sequence[Binding]]]) -> Iterator[Line]:
    """Each section is a title and the bindings that hold there."""
    for title, bindings in sections:
        yield (Span(title, Tone.HEAD),)
        for what, keys in told(bindings).items():
            yield Span(f"  {', '.join(keys):<{KEY_WIDTH}}", Tone.GOOD), Span(what)
        yield ()
    yield (Span("Columns, as the table and :sort name them", Tone.HEAD),)
    for name, words in COLUMN_WORDS.items():
        yield Span(f"  {REPLICAS.by_name[name].title:<{TITLE_WIDTH}} {name:<{NAME_WIDTH}}", Tone.GOOD), Span(words.says)
    yield ()
    yield (Span("Commands", Tone.HEAD),)
    for command in COMMANDS:
        yield Span(f"  {usage(command):<{COMMAND_WIDTH}}", Tone.GOOD), Span(command.help)


def usage(command: Command) -> str:
    words = [f":{command.name}", *([command.argument] if command.argument else [])]
    short = f"  ({', '.join(f':{each}' for each in command.short)})" if command.short else ""
    return " ".join(words) + short


class HelpScreen(TopScreen):
    """Of the screen that it is opened over."""

    def __init__(self, app: type, about: TopScreen) -> None:
        super().__init__()
        self._sections = (("This screen", about.bindings_here()), ("Everywhere", bindings_of(app)))

    def content(self) -> Iterable[Widget]:
        yield Page()

    def on_mount(self) -> None:
        self.query_one(Page).show(list(help_lines(self._sections)))

    def copied(self) -> str:
        return "\n".join(map(text_of, self.query_one(Page).lines))
