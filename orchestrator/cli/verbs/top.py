"""`qorch top`."""

from __future__ import annotations

import sys

import click

from orchestrator.cli import compose, options
from orchestrator.cli.output import message
from orchestrator.core.errors import EnvironmentNotReady


@click.command("top")
@options.fleet
@options.option(
    "--refresh", "every_s", type=options.Amount(0.2, 60), default=1.0, show_default=True, help="Seconds between looks."
)
@options.option("--web", is_flag=True, help="Show it to this machine's browser instead, at the link that is printed.")
@options.option("--web-port", type=click.IntRange(1, 65535), default=8090, show_default=True, help="For --web.")
def command(fleet: str, every_s: float, web: bool, web_port: int) -> None:
    """Watch the fleet in the terminal."""
    if web:
        _serve(["--fleet", fleet, "--refresh", str(every_s)], web_port)
        return
    from tui.app import TopApp
    from tui.feed import LiveFeed

    TopApp(LiveFeed(compose.watch(fleet, every_s)), every_s).run()


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
