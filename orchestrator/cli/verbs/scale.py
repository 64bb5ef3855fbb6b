"""`qorch scale`."""

from __future__ import annotations

import click

from orchestrator.cli import compose, options
from orchestrator.cli.output import TerminalReporter
from orchestrator.core.fleet import command as command_for


@click.command("scale")
@click.argument("num_replicas", metavar="N", type=click.IntRange(1, 256))
@options.fleet
@options.wait
@options.timeout
@options.quiet
def command(num_replicas: int, fleet: str, wait: bool, timeout_s: float, quiet: bool) -> None:
    """Run N engine replicas; those that go finish what they are answering first."""
    from orchestrator.app.scale import scale

    reporter = TerminalReporter(quiet)
    memory_bytes = compose.memory_available_bytes()
    scale(compose.runtime(fleet), num_replicas, memory_bytes, timeout_s, wait, reporter)
    reporter.say(f"next:  {command_for('status', fleet)}")
