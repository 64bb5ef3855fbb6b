"""`qorch pull`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from orchestrator.cli import compose, options
from orchestrator.cli.downloads import show_download
from orchestrator.cli.output import TerminalReporter


@click.command("pull")
@click.argument("profile")
@options.weights
@options.quiet
def command(profile: str, weights: Path | None, quiet: bool) -> None:
    """Bring the weights of PROFILE here, checked against the hub's digests, and print where they are."""
    from orchestrator.app.pull import pull

    reporter = TerminalReporter(quiet)
    found = compose.catalog.profile(profile)
    pulled = pull(found, compose.stores.weights_store(weights), partial(show_download, reporter))
    reporter.done("weights", "were here already" if pulled.was_on_disk else pulled.weights.source)
    for notice in pulled.weights.notices:
        reporter.say(f"note: {notice}")
    click.echo(pulled.weights.path)
    reporter.say(f"next:  qorch up --profile {found.name}")
