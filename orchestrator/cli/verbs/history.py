"""`qorch history`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from orchestrator.cli import compose, options
from orchestrator.cli.compose.places import ClusterPlace
from orchestrator.cli.in_cluster import NAMESPACED_WIDELY, in_cluster
from orchestrator.cli.output import FORMATS, TerminalReporter, emit
from orchestrator.core.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from orchestrator.app.history_port import KeepsHistory

TABLE_MINUTES = 60


@click.command("history")
@options.fleet
@in_cluster(NAMESPACED_WIDELY)
@options.since
@options.tail("[default: 60 in a table, otherwise all]")
@options.option("--verify", is_flag=True, help="Decide every recorded look again: exit 1 when one comes out otherwise.")
@options.option(
    "-o", "--output", "format_", type=click.Choice((*FORMATS, "csv")), default="table", show_default=True,
    help="Output format; csv is a recording for `qorch simulate`.",
)  # fmt: skip
@options.quiet
@click.pass_context
def command(
    ctx: click.Context, fleet: str, place: ClusterPlace | None, since_s: float | None, tail: int | None, verify: bool,
    format_: str, quiet: bool,
) -> None:  # fmt: skip
    """Show the load that a fleet had, minute by minute, the latest last."""
    reporter = TerminalReporter(quiet)
    if verify:
        if (since_s, tail) != (None, None) or format_ == "csv":
            raise UsageError(
                "--verify takes all that was recorded, and writes no recording", hint="qorch history --help"
            )
        _verify(ctx, _kept(fleet, place, reporter), format_, reporter)
    else:
        begin_s = 0.0 if since_s is None else time.time() - since_s
        _show_minutes(_kept(fleet, place, reporter), begin_s, tail, format_)


def _kept(fleet: str, place: ClusterPlace | None, reporter: TerminalReporter) -> KeepsHistory:
    """Said beside it: what may end it."""
    kept = compose.fleets.history(fleet, place)
    if kept.caution:
        reporter.say(kept.caution)
    return kept


def _show_minutes(kept: KeepsHistory, since_s: float, tail: int | None, format_: str) -> None:
    from orchestrator.views.history import minutes_data, minutes_text, recording

    shown = TABLE_MINUTES if tail is None and format_ in ("table", "wide") else tail
    minutes = kept.minutes(since_s, shown)
    if format_ == "csv":
        click.echo("\n".join(recording(minutes)))
        return
    emit(
        format_,
        minutes_data(minutes),
        text=lambda: minutes_text(minutes),
        names=lambda: [f"{each.begin_s:.0f}" for each in minutes],
    )


def _verify(ctx: click.Context, kept: KeepsHistory, format_: str, reporter: TerminalReporter) -> None:
    from orchestrator.core.scaling.verify import Verified, verified
    from orchestrator.views.history import verified_data, verified_text

    found = Verified()
    for found in verified(kept.segments()):
        reporter.phase("verify", f"{found.looks:,} looks")
    difference = found.difference
    emit(
        format_,
        verified_data(found),
        text=lambda: verified_text(found),
        names=lambda: [difference.step] if difference else [],
    )
    if difference:
        ctx.exit(ExitCode.ERROR)
