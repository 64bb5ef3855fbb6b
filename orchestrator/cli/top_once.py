"""`qorch top --once`: one snapshot on stdout."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from orchestrator.cli.output import emit, terminal_width
from orchestrator.views.live.fleet_text import fleet_text, snapshot_data

if TYPE_CHECKING:
    from orchestrator.core.live.snapshot import Snapshot
    from tui.feed import Feed

WIDE = 240  # characters, in which every column has room


def print_once(feed: Feed, every_s: float, format_: str) -> None:
    try:
        snapshot = _seen(feed, every_s)
    finally:
        feed.close()
    data = {"note": feed.note, **snapshot_data(snapshot)}
    width = max(WIDE, terminal_width()) if format_ == "wide" else terminal_width()
    names = (row.replica_id for row in snapshot.replicas)
    emit(format_, data, lambda: fleet_text(snapshot, feed.note, width), lambda: names)


def _seen(feed: Feed, every_s: float) -> Snapshot:
    """Of a fleet the second look, since rates are between two; of a recording its end."""
    from tui.replay_feed import ReplayFeed

    if isinstance(feed, ReplayFeed):
        feed.change(lambda playback: playback.paused_at(playback.end_s))
    else:
        feed.look()
        time.sleep(every_s)
    return feed.look()
