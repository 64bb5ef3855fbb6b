"""`qorch completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from orchestrator.cli.root import root

SHELLS = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Print the completion script of SHELL, e.g. `eval "$(qorch completion bash)"`."""
    completion = get_completion_class(shell)
    assert completion is not None
    click.echo(completion(root, {}, "qorch", "_QORCH_COMPLETE").source())
