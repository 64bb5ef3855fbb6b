"""`qorch top --once`: one snapshot on stdout, or one of each fleet."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from math import inf
from typing import TYPE_CHECKING, Any

from orchestrator.cli.output import emit, terminal_width
from orchestrator.core.errors import QorchError
from orchestrator.views.live.fleet_text import fleet_text, snapshot_data
from orchestrator.views.live.fleets_text import fleets_text

if TYPE_CHECKING:
    from orchestrator.core.live.fleet_row import FleetRow
    from orchestrator.core.live.snapshot import Snapshot
    from tui.feed import Feed
    from tui.watched_fleet import WatchedFleet

WIDE = 240  # characters, in which every column has room


def print_once(feed: Feed, every_s: float, format_: str) -> None:
    try:
        snapshot = _seen(feed, every_s)
    finally:
        feed.close()
    data = {"note": feed.note, **snapshot_data(snapshot)}
    names = (row.replica_id for row in snapshot.replicas)
    emit(format_, data, lambda: fleet_text(snapshot, feed.note, _width(format_)), lambda: names)


def print_several_once(fleets: Sequence[WatchedFleet], every_s: float, format_: str) -> None:
    """What cannot be looked at says why, in its row."""
    try:
        _look_at_all(fleets)
        time.sleep(every_s)
        _look_at_all(fleets)
    finally:
        for each in fleets:
            each.feed.close()
    now_s = time.time()
    rows = [each.row(now_s, inf) for each in fleets]
    data = [_fleet_data(each, row) for each, row in zip(fleets, rows, strict=True)]
    emit(format_, data, lambda: fleets_text(rows, now_s, _width(format_)), lambda: (row.fleet for row in rows))


def _look_at_all(fleets: Sequence[WatchedFleet]) -> None:
    with ThreadPoolExecutor(len(fleets)) as looking:
        list(looking.map(_look_at, fleets))


def _look_at(fleet: WatchedFleet) -> None:
    try:
        fleet.saw(fleet.feed.look())
    except QorchError as trouble:
        fleet.missed(trouble)


def _fleet_data(fleet: WatchedFleet, row: FleetRow) -> dict[str, Any]:
    """Its snapshot, where there is one, with where it is and how."""
    seen = snapshot_data(fleet.snapshot) if fleet.snapshot else {"fleet": fleet.name}
    return {"where": row.where, "state": row.state.value, "reason": row.reason, "note": fleet.feed.note, **seen}


def _width(format_: str) -> int:
    return max(WIDE, terminal_width()) if format_ == "wide" else terminal_width()


def _seen(feed: Feed, every_s: float) -> Snapshot:
    """Of a fleet the second look, since rates are between two; of a recording its end."""
    from tui.replay_feed import ReplayFeed

    if isinstance(feed, ReplayFeed):
        feed.change(lambda playback: playback.paused_at(playback.end_s))
    else:
        feed.look()
        time.sleep(every_s)
    return feed.look()
