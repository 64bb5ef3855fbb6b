"""`qorch history`."""

from __future__ import annotations

import time

import click

from orchestrator.cli import compose, options
from orchestrator.cli.output import FORMATS, TerminalReporter, emit
from orchestrator.core.errors import ExitCode, UsageError

TABLE_MINUTES = 60


@click.command("history")
@options.fleet
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
    ctx: click.Context, fleet: str, since_s: float | None, tail: int | None, verify: bool, format_: str, quiet: bool
) -> None:
    """Show the load that a fleet had, minute by minute, the latest last."""
    if verify:
        if (since_s, tail) != (None, None) or format_ == "csv":
            raise UsageError(
                "--verify takes all that was recorded, and writes no recording", hint="qorch history --help"
            )
        _verify(ctx, fleet, format_, TerminalReporter(quiet))
    else:
        _show_minutes(fleet, 0.0 if since_s is None else time.time() - since_s, tail, format_)


def _show_minutes(fleet: str, since_s: float, tail: int | None, format_: str) -> None:
    from orchestrator.views.history import minutes_data, minutes_text, recording

    shown = TABLE_MINUTES if tail is None and format_ in ("table", "wide") else tail
    minutes = compose.fleets.scaling_history(fleet).minutes(since_s, shown)
    if format_ == "csv":
        click.echo("\n".join(recording(minutes)))
        return
    emit(
        format_,
        minutes_data(minutes),
        text=lambda: minutes_text(minutes),
        names=lambda: [f"{each.begin_s:.0f}" for each in minutes],
    )


def _verify(ctx: click.Context, fleet: str, format_: str, reporter: TerminalReporter) -> None:
    from orchestrator.core.scaling.verify import Verified, verified
    from orchestrator.views.history import verified_data, verified_text

    found = Verified()
    for found in verified(compose.fleets.scaling_history(fleet).segments()):
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
