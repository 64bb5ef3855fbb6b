"""`qorch top`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli import options, output
from orchestrator.cli.fleets_wish import HELP, Wish, wished_fleets
from orchestrator.cli.top_feeds import Look, Source, feed, record_feed
from orchestrator.core.errors import UsageError
from orchestrator.views.live.palette import DARK, NAMES

if TYPE_CHECKING:
    from orchestrator.cli.top_fleets import WatchedFleets
    from tui.app import TopApp
    from tui.feed import Feed

FORMATS = ("text", *output.FORMATS)


@click.command("top")
@wished_fleets
@options.option(
    "--refresh",
    "every_s",
    type=options.Amount(0.2, 60),
    default=1.0,
    show_default=True,
    help="Seconds between looks; at least 2 at a cluster.",
)
@options.option("--theme", type=click.Choice(NAMES), default=DARK.name, show_default=True, help="Colours.")
@options.option(
    "--allow-changes/--readonly", help="Let :scale and :target-tok-s change the fleet, once its name has been typed."
)
@options.option("--web", is_flag=True, help="Show it to this machine's browser instead, at the link that is printed.")
@options.option("--web-port", type=click.IntRange(1, 65535), default=8090, show_default=True, help="For --web.")
@options.option("--once", is_flag=True, help="Print what is to be seen, and end; needs no terminal.")
@options.option(
    "-o", "--output", "format_", type=click.Choice(FORMATS), default="text", show_default=True,
    help="What --once prints; text is a table.",
)  # fmt: skip
@options.option(
    "--record", type=click.Path(path_type=Path), metavar="FILE",
    help="Record what is seen, until it ends; without a terminal nothing is shown.",
)  # fmt: skip
@options.record_limit
@options.recorded_for
@options.option(
    "--replay", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE", help="Show a recording."
)
@options.option("--demo", is_flag=True, help="Show a simulated fleet; none is needed.")
def command(
    wish: Wish, every_s: float, theme: str, allow_changes: bool, web: bool, web_port: int,
    once: bool, format_: str, record: Path | None, limit_bytes: int, for_s: float | None, replay: Path | None,
    demo: bool,
) -> None:  # fmt: skip
    """Watch a fleet in the terminal, or several side by side; what is seen of one can be recorded, and shown again."""
    source, look = Source(wish, every_s, replay, demo, record, limit_bytes), Look(theme, allow_changes)
    _require_one_way(once, source, for_s)
    if web:
        from orchestrator.cli.top_web import serve_web

        serve_web(source, look, web_port)
    elif once:
        _print_once(source, format_)
    elif record is not None and (for_s is not None or not _has_terminal()):
        from orchestrator.cli.top_record import record_unseen

        record_unseen(record_feed(source, record), source.every_s, for_s)
    else:
        _show(source, look)


def _require_one_way(once: bool, source: Source, for_s: float | None) -> None:
    """Raises UsageError for options that do not go together."""
    if once and source.record is not None:
        raise UsageError("--once prints one look, --record keeps many", hint=HELP)
    if for_s is not None and source.record is None:
        raise UsageError("--record-for says how long to record, and there is no --record", hint=HELP)


def _print_once(source: Source, format_: str) -> None:
    from orchestrator.cli.top_once import print_once, print_several_once

    if source.wish.of_one:
        print_once(feed(source), source.every_s, format_)
    else:
        print_several_once(_several(source, False).first(), source.every_s, format_)


def _has_terminal() -> bool:
    """Or a browser, whose server says so in this way."""
    in_browser = "TEXTUAL_DRIVER" in os.environ
    return in_browser or all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))


def _show(source: Source, look: Look) -> None:
    if not _has_terminal():
        raise UsageError("a screen needs a terminal, and there is none", hint="qorch top --once")
    if not source.wish.of_one:
        _show_several(source, look)
        return
    found = feed(source)
    try:
        _app(found, source, look).run()
    finally:
        found.close()


def _show_several(source: Source, look: Look) -> None:
    from tui.fleets_app import FleetsApp

    fleets = _several(source, look.allow_changes)
    FleetsApp(fleets.first(), fleets.find, source.every_s, look.theme).run()


def _several(source: Source, allow_changes: bool) -> WatchedFleets:
    from orchestrator.cli.top_fleets import WatchedFleets

    return WatchedFleets(source, allow_changes)


def _app(found: Feed, source: Source, look: Look) -> TopApp:
    from tui.app import TopApp
    from tui.fleet_commands import FleetCommands
    from tui.replay_app import ReplayApp
    from tui.replay_feed import ReplayFeed

    if isinstance(found, ReplayFeed):
        return ReplayApp(found, source.every_s, look.theme)
    where = source.place.words if source.place else ()
    return TopApp(found, source.every_s, FleetCommands(source.fleet, look.allow_changes, where), look.theme)
