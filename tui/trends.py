"""The course of a fleet's figures since the dashboard was opened."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from orchestrator.core.live.event import Event
from orchestrator.core.live.snapshot import Snapshot
from orchestrator.views.live.amounts import count, rate, seconds
from orchestrator.views.live.span import Line, Span, Tone
from orchestrator.views.live.sparkline import sparkline

KEPT = 600  # snapshots
EVENTS = 500
ENDED = 20  # replicas whose logs can be looked at


def ended_replicas(last: str | None, logged: Sequence[str], now: Snapshot | None) -> tuple[str, ...]:
    """Of the replicas of which there is a log those that run no more, `last` before all; the latest, bounded."""
    running = {row.replica_id for row in now.replicas} if now else set()
    known = dict.fromkeys([last, *logged] if last else logged)
    return tuple(each for each in known if each not in running)[:ENDED]


class Trends:
    """What has been seen, the latest last; bounded."""

    def __init__(self) -> None:
        self.tok_s: deque[float | None] = deque(maxlen=KEPT)
        self.ttft_p99_s: deque[float | None] = deque(maxlen=KEPT)
        self.waiting: deque[float | None] = deque(maxlen=KEPT)
        self.events: deque[Event] = deque(maxlen=EVENTS)
        self.ended: dict[str, str] = {}  # by variant, the replica that went last
        self._running: dict[str, str] = {}  # variants by replica

    def add(self, snapshot: Snapshot) -> None:
        summary = snapshot.summary
        self.tok_s.append(summary.generation_tok_s)
        self.ttft_p99_s.append(summary.ttft_p99_s)
        self.waiting.append(summary.num_requests_waiting + summary.num_requests_held)
        self.events.extend(snapshot.events)
        running = {row.replica_id: row.deployment for row in snapshot.replicas} if snapshot.phase else self._running
        self.ended |= {self._running[gone]: gone for gone in sorted(self._running.keys() - running.keys())}
        self._running = running

    def replay(self, course: Iterable[Snapshot]) -> None:
        """As if nothing but this had been seen."""
        for each in (self.tok_s, self.ttft_p99_s, self.waiting, self.events):
            each.clear()
        for snapshot in course:
            self.add(snapshot)

    def line(self, width: int) -> Line:
        """All three side by side, each with its latest."""
        each = max(0, width // 3 - 20)
        courses = (
            ("tok/s", self.tok_s, rate),
            ("TTFT p99", self.ttft_p99_s, seconds),
            ("waiting", self.waiting, count),
        )
        spans: list[Span] = []
        for name, course, shown in courses:
            latest = shown(course[-1]) if course else shown(None)
            spans += [
                Span(f"{name} ", Tone.DIM),
                Span(f"{latest:>7} "),
                Span(sparkline(tuple(course), each)),
                Span("  "),
            ]
        return tuple(spans)
