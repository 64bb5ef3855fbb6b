"""A first-in-first-out queue of work, as a fluid, from which all ready replicas take at their capacity.

A request's wait is what it finds on arrival: the work that waits over the capacity that is ready, and without a ready
replica it is a miss. Steps are short against the wait that is allowed, so within one nothing moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from orchestrator.core.scaling.demand import Demand


class FluidQueue:
    """The work that waits, and the sums over all requests so far."""

    def __init__(self, demand: Demand, max_wait_s: float, waiting: float = 0.0) -> None:
        self._demand, self._max_wait_s = demand, max_wait_s
        self.waiting, self.served = waiting, 0.0
        self.in_time = self.requests = 0.0
        self.waits: list[tuple[float, float]] = []  # (s, requests), of those that waited

    def run(self, first: int, last: int, capacity: float) -> float:
        """Serve these steps with `capacity` work a second; the work that arrived in them."""
        work, requests = self._demand.work[first:last], self._demand.requests[first:last]
        arrived = sum(work)
        self.requests += sum(requests)
        if capacity > 0:
            self._flow(work, requests, capacity)
        else:
            self.waiting += arrived
            self.waits.extend((inf, some) for some in requests)
        return arrived

    def _flow(self, work: Sequence[float], requests: Sequence[float], capacity: float) -> None:
        """The inner loop, over a million steps in a fortnight."""
        waiting, idle, in_time = self.waiting, 0.0, 0.0
        most, a_step = capacity * self._max_wait_s, capacity * self._demand.step_s
        for some_work, some_requests in zip(work, requests, strict=True):
            if waiting > 0.0:
                self.waits.append((waiting / capacity, some_requests))
            if waiting <= most:
                in_time += some_requests
            waiting += some_work - a_step
            if waiting < 0.0:
                idle -= waiting
                waiting = 0.0
        self.waiting = waiting
        self.served += a_step * len(work) - idle
        self.in_time += in_time
