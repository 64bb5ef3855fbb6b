"""The pages by the names that keys and commands know them by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.live.snapshot import Snapshot
from orchestrator.views.live.playback import clock_text
from tui import pages
from tui.fleet_commands import FleetCommands
from tui.screens.base import TopScreen
from tui.screens.detail import DetailScreen
from tui.screens.output import OutputScreen
from tui.screens.requests import RequestsScreen
from tui.trends import Trends


@dataclass(frozen=True)
class Seen:
    """What a page is made of; `commands` is None where nothing runs behind what is shown, as behind a recording."""

    snapshot: Snapshot
    trends: Trends
    commands: FleetCommands | None


def required(commands: FleetCommands | None) -> FleetCommands:
    if commands is None:
        raise EnvironmentNotReady("there is no fleet behind a recording", hint="qorch top")
    return commands


PAGES: dict[str, Callable[[Seen], TopScreen]] = {
    "hosts": lambda seen: DetailScreen("hosts and GPUs", pages.hosts),
    "requests": lambda seen: RequestsScreen(),
    "decisions": lambda seen: DetailScreen("decisions", pages.decisions, wraps=True),
    "events": lambda seen: DetailScreen("events", pages.events(seen.trends), wraps=True),
    "snapshot": lambda seen: DetailScreen(
        f"snapshot at {clock_text(seen.snapshot.at_s)}", pages.yaml_of(seen.snapshot)
    ),
    "plan": lambda seen: OutputScreen("plan", required(seen.commands).plan(seen.snapshot)),
    "diff": lambda seen: OutputScreen("runs against planned", required(seen.commands).diff(seen.snapshot)),
}
