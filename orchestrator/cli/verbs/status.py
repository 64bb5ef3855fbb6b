"""`qorch status`."""

from __future__ import annotations

import sys
import time
from functools import partial
from typing import TYPE_CHECKING

import click

from orchestrator.cli import compose, options
from orchestrator.cli.compose.places import ClusterPlace
from orchestrator.cli.in_cluster import NAMESPACED_WIDELY, in_cluster
from orchestrator.cli.output import emit, terminal_width
from orchestrator.core.errors import EnvironmentNotReady, UsageError
from orchestrator.core.fleet import Fleet
from orchestrator.core.fleet import command as command_for

if TYPE_CHECKING:
    from orchestrator.app.ports import KeepsDecisions, Running

WATCH_PERIOD_S = 2.0
DECISIONS = 20


@click.command("status")
@options.fleet
@in_cluster(NAMESPACED_WIDELY)
@options.format_
@options.option("-w", "--watch", is_flag=True, help="Show it again every two seconds.")
@options.option("--decisions", is_flag=True, help="What changed the number of replicas, and why, the latest last.")
@options.since
@options.tail(f"[default: {DECISIONS}]")
def command(
    fleet: str,
    place: ClusterPlace | None,
    format_: str,
    watch: bool,
    decisions: bool,
    since_s: float | None,
    tail: int | None,
) -> None:
    """Show the fleet: its phase, its conditions, and a row for each replica."""
    if not decisions and (since_s, tail) != (None, None):
        raise UsageError("--since and --tail are for --decisions", hint=command_for("status --decisions", fleet))
    if decisions:
        most = DECISIONS if tail is None else tail
        show = partial(_show_decisions, compose.fleets.decisions(fleet, place), since_s, most)
    else:
        show = partial(_show_fleet, compose.fleets.running(fleet, place))
    show(format_)
    while watch:
        time.sleep(WATCH_PERIOD_S)
        _separate(format_)
        show(format_)


def _observe(running: Running) -> Fleet:
    fleet = running.observe()
    if fleet is None:
        raise EnvironmentNotReady(f"there is no fleet {running.name!r} {running.where}", hint=running.command("up"))
    return fleet


def _show_fleet(running: Running, format_: str) -> None:
    from orchestrator.views.fleet import fleet_data, fleet_text

    fleet = _observe(running)
    emit(
        format_,
        fleet_data(fleet),
        text=lambda: fleet_text(fleet, time.time(), wide=format_ == "wide"),
        names=lambda: [replica.replica_id for replica in fleet.engines],
    )


def _show_decisions(kept: KeepsDecisions, since_s: float | None, most: int, format_: str) -> None:
    from orchestrator.views.scaling import decisions_data, decisions_text

    begin_s = 0.0 if since_s is None else time.time() - since_s
    decisions = kept.decisions(begin_s, most)
    emit(
        format_,
        decisions_data(decisions),
        text=lambda: decisions_text(decisions, terminal_width()),
        names=lambda: [f"{each.at_s:.3f}" for each in decisions],
    )


def _separate(format_: str) -> None:
    """Begin the screen anew on a terminal; elsewhere part one answer from the next, as the format does."""
    if sys.stdout.isatty():
        click.clear()
    elif format_ != "json":
        click.echo("---")
