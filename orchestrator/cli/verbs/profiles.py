"""`qorch profiles`."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.cli import compose, options
from orchestrator.cli.output import emit, message
from orchestrator.core.amounts import counted
from orchestrator.core.errors import ProfileError


@click.group("profiles")
def command() -> None:
    """List, show or validate profiles: the models, precisions and engines that can be deployed."""


@command.command("list")
@options.format_
def list_(format_: str) -> None:
    """List every profile, shipped and your own."""
    from orchestrator.views.profiles import HEADERS, profile_data, profile_rows
    from orchestrator.views.table import table

    found = compose.catalog.profiles()
    emit(
        format_,
        [profile_data(profile) for profile in found],
        text=lambda: table(HEADERS, profile_rows(found)),
        names=lambda: [profile.name for profile in found],
    )


@command.command("show")
@click.argument("name")
@options.format_
def show(name: str, format_: str) -> None:
    """Show one profile with its limits, caveats and sources."""
    from orchestrator.views.profiles import profile_data, profile_text

    found = compose.catalog.profile(name)
    emit(format_, profile_data(found), text=lambda: profile_text(found), names=lambda: [found.name])


@command.command("validate")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def validate(files: tuple[Path, ...]) -> None:
    """Check profile files: what is wrong is named by file, line and field."""
    from orchestrator.adapters.profile_files import read_profiles

    wrong = []
    for file in files:
        try:
            message(f"{file}: {counted(len(read_profiles(file)), 'profile')}, all well")
        except ProfileError as error:
            wrong.append(error)
    if wrong:
        raise ProfileError("\n".join(error.message for error in wrong), hint=wrong[0].hint)
