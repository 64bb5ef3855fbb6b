"""The page of keys and commands, made of the bindings: `python -m tui.reference > docs/reference/top-keys.md`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from textual.binding import Binding

from orchestrator.views.live.column_words import COLUMN_WORDS
from orchestrator.views.live.columns import REPLICAS
from tui.commanded import CommandedApp
from tui.commands import COMMANDS
from tui.keys import bindings_of, told
from tui.replay_app import ReplayApp
from tui.screens.detail import ReplicaScreen
from tui.screens.fleet import FleetScreen
from tui.screens.fleets import FleetsScreen
from tui.screens.help import usage
from tui.screens.logs import LogsScreen
from tui.screens.one_of_several import OneOfSeveralScreen
from tui.screens.requests import RequestsScreen
from tui.widgets.fleet_table import FleetTable
from tui.widgets.fleets_table import FleetsTable
from tui.widgets.log_view import LogView
from tui.widgets.page import Page

HEAD = """# Keys and commands of `qorch top`

Written by `python -m tui.reference`; `?` shows the same on the screen.
"""
PLACES = (
    ("Everywhere", (CommandedApp,)),
    ("The fleet", (FleetTable, FleetScreen)),
    ("Several fleets", (FleetsTable, FleetsScreen)),
    ("One of several fleets", (OneOfSeveralScreen,)),
    ("A replica, and every page of lines", (Page, ReplicaScreen)),
    ("Requests", (RequestsScreen,)),
    ("A log", (LogView, LogsScreen)),
    ("A recording", (ReplayApp,)),
)


def page() -> str:
    return "\n".join((HEAD, *_keys(), *_columns(), *_commands()))


def _keys() -> Iterator[str]:
    """Each place has those that it adds to those of everywhere."""
    everywhere: list[Binding] = []
    for title, owners in PLACES:
        found = [binding for owner in owners for binding in bindings_of(owner) if binding not in everywhere]
        everywhere = everywhere or found
        yield f"## {title}\n"
        yield from _table(found)


def _table(bindings: Sequence[Binding]) -> Iterator[str]:
    yield "| key | |\n|---|---|"
    for what, keys in told(bindings).items():
        yield f"| {' '.join(f'`{key}`' for key in keys)} | {what} |"
    yield ""


def _columns() -> Iterator[str]:
    yield "## Columns\n\n| column | `:sort` | |\n|---|---|---|"
    for name, words in COLUMN_WORDS.items():
        yield f"| {REPLICAS.by_name[name].title} | `{name}` | {words.says} |"
    yield ""


def _commands() -> Iterator[str]:
    yield "## After a colon\n\n| command | |\n|---|---|"
    for command in COMMANDS:
        yield f"| `{usage(command)}` | {command.help} |"


if __name__ == "__main__":
    print(page())
