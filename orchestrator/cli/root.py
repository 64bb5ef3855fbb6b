"""The `qorch` command and its verbs; a verb's module is loaded only when it is named."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from pathlib import Path

import click

from orchestrator import __version__

VERBS = {
    "up": "Deploy the profile that fits, and wait until the model answers.",
    "plan": "Show what would run here, and why.",
    "render": "Write a fleet's Kubernetes objects.",
    "status": "Show the fleet.",
    "top": "Watch the fleet in the terminal.",
    "logs": "Show an engine's log.",
    "scale": "Change the number of replicas.",
    "restart": "Give replicas new engines.",
    "drain": "Have a replica stand aside.",
    "history": "Show the load that a fleet had, or decide it again.",
    "down": "Take the fleet down.",
    "bench": "Measure what runs against what was planned.",
    "operator": "Look after the QwenFleets of a cluster.",
    "simulate": "Replay traffic against scaling rules.",
    "doctor": "Check what a fleet needs on this machine.",
    "probe": "Print the Jobs that ask a cluster's nodes for their GPUs.",
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

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in VERBS and not ctx.resilient_parsing:
            close = get_close_matches(args[0], VERBS, n=1)
            ctx.fail(f"no such command: {args[0]!r}" + "".join(f"; did you mean '{name}'?" for name in close))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="qorch %(version)s")
@click.pass_context
def root(ctx: click.Context) -> None:
    """Deploy Qwen 3.5 on the hardware at hand: detect it, pick what fits, serve it, watch it."""
    from orchestrator.cli.compose import places

    files = [path for path in (places.own().config / "qorch.yaml", Path("qorch.yaml")) if path.is_file()]
    if files:
        from orchestrator.cli.settings import defaults

        ctx.default_map = defaults(root, ctx.invoked_subcommand or "", files)
