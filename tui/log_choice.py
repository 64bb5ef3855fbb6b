"""Which log is meant, and the screen that follows it."""

from __future__ import annotations

from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.live.snapshot import ReplicaRow
from tui.screens.logs import LogsScreen
from tui.trends import ended_replicas
from tui.watched_fleet import WatchedFleet


def log_of(shown: WatchedFleet, row: ReplicaRow) -> LogsScreen:
    """The log of a replica; raises EnvironmentNotReady, with the command that shows it, where it cannot be read."""
    return _log(shown, row, row.replica_id)


def log_before(shown: WatchedFleet, row: ReplicaRow, open_id: str) -> LogsScreen:
    """Of what ran in its own place before, or else of the replicas that ended; raises EnvironmentNotReady."""
    log = shown.feed.log(row.replica_id, previous=True)
    if log is None:
        return _log_of_ended(shown, row, open_id)
    return LogsScreen(row, row.replica_id, log, "before it was started anew")


def _log_of_ended(shown: WatchedFleet, row: ReplicaRow, open_id: str) -> LogsScreen:
    """Of the replica that ended last; where one is open, of the one before it."""
    ended = ended_replicas(shown.trends.ended.get(row.deployment), shown.feed.logged(), shown.snapshot)
    if not ended:
        raise EnvironmentNotReady("no replica has ended of which the log is here")
    at = (ended.index(open_id) + 1) % len(ended) if open_id in ended else 0
    return _log(shown, row, ended[at], f"ended, {at + 1} of {len(ended)}")


def _log(shown: WatchedFleet, row: ReplicaRow, replica_id: str, state: str = "") -> LogsScreen:
    log = shown.feed.log(replica_id)
    if log is None:
        hint = shown.commands.logs(replica_id) if shown.commands else "qorch logs"
        raise EnvironmentNotReady(f"the log of {replica_id} cannot be read here", hint=hint)
    return LogsScreen(row, replica_id, log, state)
