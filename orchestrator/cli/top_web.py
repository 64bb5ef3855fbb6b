"""`qorch top --web`: the dashboard in this machine's own browser, each of which has a process of its own."""

from __future__ import annotations

import sys

import click

from orchestrator.cli.fleets_wish import HELP
from orchestrator.cli.output import message
from orchestrator.cli.top_feeds import Look, Source
from orchestrator.core.errors import EnvironmentNotReady, UsageError


def serve_web(source: Source, look: Look, port: int) -> None:
    """Raises EnvironmentNotReady where it cannot be served, UsageError for what a browser may not."""
    from orchestrator.adapters.ports import LOOPBACK, port_problem

    arguments = web_arguments(source, look)
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


def web_arguments(source: Source, look: Look) -> list[str]:
    """By which each browser's process looks at the same."""
    if look.allow_changes:
        raise UsageError("--allow-changes cannot be combined with --web: a browser only looks", hint=HELP)
    if source.record is not None:
        raise UsageError("--record is of one screen, and --web may have several", hint=HELP)
    replay = [] if source.replay is None else ["--replay", str(source.replay.absolute())]
    demo = ["--demo"] if source.demo else []
    screen = ["--refresh", str(source.every_s), "--theme", look.theme, "--readonly"]
    return [*source.wish.words, *screen, *replay, *demo]
