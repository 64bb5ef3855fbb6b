"""What is counted of the requests that wait for an engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from orchestrator.core.hold import HeldNow

SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600)


class HoldCounts:
    """Of all requests since the gateway started."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.held = Counter("qorch_held", "Requests that had to wait for an engine.", registry=registry)
        self.refused = Counter("qorch_hold_refused", "Requests not held, or no longer.", ("reason",), registry=registry)
        self.wait = Histogram("qorch_hold_seconds", "How long requests were held.", buckets=SECONDS, registry=registry)


class HeldCollector(Collector):
    """What is held at the moment of asking."""

    def __init__(self, now: Callable[[], HeldNow]) -> None:
        self._now = now

    def collect(self) -> Iterator[Metric]:
        held = self._now()
        yield GaugeMetricFamily("qorch_held_requests", "Requests that wait for an engine.", held.requests)
        yield GaugeMetricFamily("qorch_held_oldest_seconds", "How long the oldest of them has waited.", held.oldest_s)
