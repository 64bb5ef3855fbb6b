"""`qorch down`."""

from __future__ import annotations

import click

from orchestrator.cli import compose, options
from orchestrator.cli.output import TerminalReporter


@click.command("down")
@options.fleet
@options.quiet
def command(fleet: str, quiet: bool) -> None:
    """Take the fleet down: replicas finish what they answer, then every process, port and file of it goes."""
    reporter = TerminalReporter(quiet)
    runtime = compose.runtime(fleet)
    with runtime.locked("down"):
        reporter.phase("down", "replicas finish what they are answering")
        removal = runtime.remove()
    if removal.existed:
        reporter.done("down", f"{removal.processes_ended} processes ended; weights stay in the cache")
    else:
        reporter.say(f"there is no fleet {fleet!r} on this host: nothing to do")
