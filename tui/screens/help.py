"""Keys and commands, as they are bound: nothing here is written twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from textual.binding import Binding
from textual.widget import Widget

from orchestrator.views.live.span import Line, Span, Tone, text_of
from tui.commands import COMMANDS, Command
from tui.screens.base import TopScreen
from tui.widgets.page import Page

KEY_WIDTH, COMMAND_WIDTH = 18, 36
SIGNS = {
    "question_mark": "?", "colon": ":", "slash": "/", "less_than_sign": "<", "greater_than_sign": ">",
    "escape": "esc", "pageup": "PgUp", "pagedown": "PgDn", "up": "↑", "down": "↓", "left": "←", "right": "→",
}  # fmt: skip


def help_lines(sections: Sequence[tuple[str, Sequence[Binding]]]) -> Iterator[Line]:
    """Each section is a title and the bindings that hold there."""
    for title, bindings in sections:
        yield (Span(title, Tone.HEAD),)
        for what, keys in keys_of(bindings).items():
            yield Span(f"  {', '.join(keys):<{KEY_WIDTH}}", Tone.GOOD), Span(what)
        yield ()
    yield (Span("Commands", Tone.HEAD),)
    for command in COMMANDS:
        yield Span(f"  {usage(command):<{COMMAND_WIDTH}}", Tone.GOOD), Span(command.help)


def keys_of(bindings: Sequence[Binding]) -> dict[str, list[str]]:
    """By what they do, the keys of bindings that say it."""
    told: dict[str, list[str]] = defaultdict(list)
    for binding in bindings:
        if binding.description:
            told[binding.description] += [sign(key) for key in binding.key.split(",")]
    return told


def sign(key: str) -> str:
    """A key as people write it."""
    return SIGNS.get(key, key)


def usage(command: Command) -> str:
    words = [f":{command.name}", *([command.argument] if command.argument else [])]
    short = f"  ({', '.join(f':{each}' for each in command.short)})" if command.short else ""
    return " ".join(words) + short


class HelpScreen(TopScreen):
    """Of the screen that it is opened over."""

    def __init__(self, app: type, about: TopScreen) -> None:
        super().__init__()
        widgets = [type(each) for each in about.query("*") if each.can_focus and each.id != "prompt"]
        here = [binding for owner in (*widgets, type(about)) for binding in bindings_of(owner)]
        self._sections = (("This screen", here), ("Everywhere", bindings_of(app)))

    def content(self) -> Iterable[Widget]:
        yield Page()

    def on_mount(self) -> None:
        self.query_one(Page).show(list(help_lines(self._sections)))

    def copied(self) -> str:
        return "\n".join(map(text_of, self.query_one(Page).lines))


def bindings_of(owner: type) -> list[Binding]:
    """Those that a class has of its own or from qorch's classes, not from Textual's."""
    classes = [each for each in owner.__mro__ if each.__module__.startswith("tui.") and "BINDINGS" in vars(each)]
    declared: dict[str, Binding] = {}
    for binding in (each for one in classes for each in vars(one)["BINDINGS"]):
        declared.setdefault(binding.key, binding)
    return list(declared.values())
