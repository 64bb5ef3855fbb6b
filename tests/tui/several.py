"""Fleets side by side to look at: one of each state, on this host and in two clusters."""

from __future__ import annotations

import threading
from dataclasses import replace

from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.fleet import Condition
from orchestrator.core.live.reading import SourceState
from orchestrator.core.live.snapshot import GpuRow, Snapshot, Summary
from tests.tui.driving import GivenFeed
from tests.tui.fleets import AT_S, FLEET, row
from tui.awaited_feed import AwaitedFeed
from tui.feed import Feed
from tui.fleet_commands import FleetCommands
from tui.watched_fleet import WatchedFleet

HEARD = (SourceState("Ray Serve", AT_S - 1), SourceState("gateway", AT_S - 1))
WELL = replace(
    FLEET,
    phase="Ready",
    summary=Summary(
        generation_tok_s=2812.0, target_tok_s=2700.0, ttft_p50_s=0.16, ttft_p99_s=0.9, ttft_goal_s=1.5,
        tpot_p50_s=0.0148, tpot_p99_s=0.0151, tpot_goal_s=0.05, num_requests_running=38, in_flight=38,
        requests_per_s=12.4, errors_per_min=0.0, ready_replicas=4, target_num_replicas=4, gpus_used=4, gpus_total=4,
        cost_per_hour=7.2,
    ),
    replicas=tuple(row(f"{letter}{letter}{letter}{letter}1111") for letter in "abcd"),
    events=(),
    sources=HEARD,
)  # fmt: skip
BEHIND = replace(WELL, summary=replace(WELL.summary, ttft_p99_s=1.9, num_requests_waiting=3, generation_tok_s=2512.0))
DEGRADED = replace(
    FLEET, sources=HEARD, conditions=(Condition("ReplicasReady", False, "DEPLOYING", "2 of 4 replicas run"),)
)
FAILED = replace(
    FLEET,
    phase="Unavailable",
    summary=replace(FLEET.summary, generation_tok_s=0.0, ready_replicas=0, failed_replicas=4, errors_per_min=90.0),
    conditions=(Condition("Available", False, "GatewayDown", "the gateway does not answer"),),
    sources=(SourceState("Ray Serve", AT_S - 1), SourceState("gateway", AT_S - 42, "does not answer")),
)
IDLE = replace(WELL, phase="Idle", replicas=(), summary=Summary(ready_replicas=0, target_num_replicas=0))
SEEN = {
    ("this host", "chat"): WELL,
    ("lab/llm", "chat"): BEHIND,
    ("lab/llm", "code"): DEGRADED,
    ("eu-west/prod", "chat"): FAILED,
    ("eu-west/prod", "nightly"): IDLE,
}


def watched(where: str, name: str, feed: Feed, allowed: bool = False) -> WatchedFleet:
    """In a cluster the words of its commands name it."""
    context, _, namespace = where.partition("/")
    words = ("--kube-context", context, "--namespace", namespace) if namespace else ()
    return WatchedFleet(feed, FleetCommands(name, allowed, words), where)


def given(where: str, name: str, snapshot: Snapshot, allowed: bool = False) -> WatchedFleet:
    gpus = tuple(GpuRow("gpu-a", index, "NVIDIA A100", f"{where} {name} {index}") for index in range(4))
    feed = GivenFeed(replace(snapshot, fleet=name, gpus=gpus))
    feed.name = name
    return watched(where, name, feed, allowed)


def fleets(allowed: bool = False) -> list[WatchedFleet]:
    """Beside them one that is not there yet."""
    return [*(given(*key, snapshot, allowed) for key, snapshot in SEEN.items()), absent()]


def absent() -> WatchedFleet:
    def opened() -> Feed:
        raise EnvironmentNotReady("there is no fleet 'batch' on this host", hint="qorch up --fleet batch")

    return watched("this host", "batch", recorded(AwaitedFeed("batch", opened)))


def recorded(feed: AwaitedFeed) -> AwaitedFeed:
    """Of no clock, as what a test looks at is."""
    feed.live = False
    return feed


class HangingFeed(GivenFeed):
    """Answers when it is let."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__(snapshot)
        self.let = threading.Event()

    def look(self) -> Snapshot:
        self.let.wait(60)
        return super().look()
