"""The `qorch` command and its verbs; a verb's module is loaded only when it is named."""

from __future__ import annotations

from importlib import import_module

import click

VERBS = {
    "up": "Deploy the profile that fits, and wait until the model answers.",
    "plan": "Show what would run here, and why.",
    "status": "Show the fleet.",
    "logs": "Show an engine's log.",
    "scale": "Change the number of replicas.",
    "down": "Take the fleet down.",
    "doctor": "Check what a fleet needs on this machine.",
    "profiles": "List, show or validate profiles.",
    "pull": "Bring a profile's weights to this machine.",
    "keys": "Create, list or revoke API keys.",
    "version": "Show the versions of qorch and what it stands on.",
    "completion": "Print the completion script of a shell.",
}


class Verbs(click.Group):
    """Finds each verb in `orchestrator.cli.verbs`, by its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command: click.Command = import_module(f"orchestrator.cli.verbs.{cmd_name}").command
        command.short_help = VERBS[cmd_name]
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def root() -> None:
    """Deploy Qwen 3.5 on the hardware at hand: detect it, pick what fits, serve it, watch it."""
