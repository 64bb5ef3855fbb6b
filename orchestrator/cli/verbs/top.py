"""`qorch top`."""

from __future__ import annotations

import sys

import click

from orchestrator.cli import compose, options
from orchestrator.cli.output import message
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.views.live.palette import DARK, NAMES


@click.command("top")
@options.fleet
@options.option(
    "--refresh", "every_s", type=options.Amount(0.2, 60), default=1.0, show_default=True, help="Seconds between looks."
)
@options.option("--theme", type=click.Choice(NAMES), default=DARK.name, show_default=True, help="Colours.")
@options.option(
    "--allow-changes/--readonly", help="Let :scale and :target-tok-s change the fleet, once its name has been typed."
)
@options.option("--web", is_flag=True, help="Show it to this machine's browser instead, at the link that is printed.")
@options.option("--web-port", type=click.IntRange(1, 65535), default=8090, show_default=True, help="For --web.")
@click.pass_context
def command(
    ctx: click.Context, fleet: str, every_s: float, theme: str, allow_changes: bool, web: bool, web_port: int
) -> None:
    """Watch the fleet in the terminal."""
    if web:
        if allow_changes:
            raise click.UsageError("--allow-changes cannot be combined with --web: a browser only looks", ctx)
        _serve(["--fleet", fleet, "--refresh", str(every_s), "--theme", theme, "--readonly"], web_port)
        return
    from tui.app import TopApp
    from tui.feed import LiveFeed
    from tui.fleet_commands import FleetCommands

    TopApp(LiveFeed(compose.watch(fleet, every_s)), every_s, FleetCommands(fleet, allow_changes), theme).run()


def _serve(arguments: list[str], port: int) -> None:
    """Each browser has a process of its own."""
    from orchestrator.adapters.ports import LOOPBACK, port_problem

    try:
        from tui.web.server import serve
    except ModuleNotFoundError as missing:
        raise EnvironmentNotReady(
            f"--web needs {missing.name}, which is not installed", hint="pip install 'qorch[web]'"
        ) from missing
    if problem := port_problem(LOOPBACK, port):
        raise EnvironmentNotReady(
            f"cannot listen on {LOOPBACK}:{port}: {problem}", hint="qorch top --web --web-port PORT"
        )
    message("open this link on this machine; whoever has it may watch. Ctrl-C ends it.")
    serve([sys.executable, "-m", "orchestrator.cli", "top", *arguments], LOOPBACK, port, click.echo)
