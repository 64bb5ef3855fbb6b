"""`qorch top`."""

from __future__ import annotations

import sys

import click

from orchestrator.cli import compose, options
from orchestrator.views.live.palette import DARK, NAMES


@click.command("top")
@options.fleet
@options.option(
    "--refresh", "every_s", type=options.Amount(0.2, 60), default=1.0, show_default=True, help="Seconds between looks."
)
@options.option("--theme", type=click.Choice(NAMES), default=DARK.name, show_default=True, help="Colours.")
@options.option(
    "--allow-changes", is_flag=True, help="Let :scale and :target-tok-s change the fleet; each asks for its name."
)
def command(fleet: str, every_s: float, theme: str, allow_changes: bool) -> None:
    """Watch the fleet in the terminal."""
    if web:
        _serve(["--fleet", fleet, "--refresh", str(every_s)], web_port)
        return
    from tui.app import TopApp
    from tui.feed import LiveFeed
    from tui.fleet_commands import FleetCommands

    TopApp(LiveFeed(compose.watch(fleet, every_s)), every_s, FleetCommands(fleet, allow_changes), theme).run()
