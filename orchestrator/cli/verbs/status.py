"""`qorch status`."""

from __future__ import annotations

import sys
import time

import click

from orchestrator.cli import compose, options
from orchestrator.cli.output import emit, terminal_width
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.fleet import Fleet
from orchestrator.core.fleet import command as command_for

WATCH_PERIOD_S = 2.0


@click.command("status")
@options.fleet
@options.format_
@options.option("-w", "--watch", is_flag=True, help="Show it again every two seconds.")
@options.option("--decisions", is_flag=True, help="What changed the number of replicas, and why, the latest first.")
def command(fleet: str, format_: str, watch: bool, decisions: bool) -> None:
    """Show the fleet: its phase, its conditions, and a row for each replica."""
    show = _show_decisions if decisions else _show_fleet
    show(fleet, format_)
    while watch:
        time.sleep(WATCH_PERIOD_S)
        _separate(format_)
        show(fleet, format_)


def _observe(name: str) -> Fleet:
    fleet = compose.runtime(name).observe()
    if fleet is None:
        raise EnvironmentNotReady(f"there is no fleet {name!r} on this host", hint=command_for("up", name))
    return fleet


def _show_fleet(name: str, format_: str) -> None:
    from orchestrator.views.fleet import fleet_data, fleet_text

    fleet = _observe(name)
    emit(
        format_,
        fleet_data(fleet),
        text=lambda: fleet_text(fleet, time.time(), wide=format_ == "wide"),
        names=lambda: [replica.replica_id for replica in fleet.engines],
    )


def _show_decisions(name: str, format_: str) -> None:
    from orchestrator.views.scaling import decisions_data, decisions_text

    _observe(name)
    decisions = compose.runtime(name).decisions()
    emit(
        format_,
        decisions_data(decisions),
        text=lambda: decisions_text(decisions, time.time(), terminal_width()),
        names=lambda: [f"{each.at_s:.3f}" for each in decisions],
    )


def _separate(format_: str) -> None:
    """Begin the screen anew on a terminal; elsewhere part one answer from the next, as the format does."""
    if sys.stdout.isatty():
        click.clear()
    elif format_ != "json":
        click.echo("---")
