"""`qorch top`."""

from __future__ import annotations

import click

from orchestrator.cli import compose, options


@click.command("top")
@options.fleet
@options.option(
    "--refresh", "every_s", type=options.Amount(0.2, 60), default=1.0, show_default=True, help="Seconds between looks."
)
def command(fleet: str, every_s: float) -> None:
    """Watch the fleet in the terminal."""
    from tui.app import TopApp
    from tui.feed import LiveFeed

    TopApp(LiveFeed(compose.watch(fleet, every_s)), every_s).run()
