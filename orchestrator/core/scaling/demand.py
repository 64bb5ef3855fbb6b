"""Demand over time: the work and the requests that arrive in each of many equal steps."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Demand:
    """What arrives in each step of `step_s` seconds; work has one unit, that of the replicas' capacity."""

    step_s: float
    work: Sequence[float]
    requests: Sequence[float]

    @property
    def duration_s(self) -> float:
        return len(self.work) * self.step_s

    @property
    def total_work(self) -> float:
        return sum(self.work)

    @property
    def mean_rate(self) -> float:
        """Work a second."""
        return self.total_work / self.duration_s if self.work else 0.0


def scaled(demand: Demand, factor: float) -> Demand:
    """`factor` times the work and the requests."""
    work, requests = (array("d", (each * factor for each in series)) for series in (demand.work, demand.requests))
    return Demand(demand.step_s, work, requests)


def part(demand: Demand, begin: int, end: int) -> Demand:
    """These steps of it."""
    return Demand(demand.step_s, demand.work[begin:end], demand.requests[begin:end])


def gathered(arrivals: Iterable[tuple[float, float, float]], step_s: float = 1.0) -> Demand:
    """Arrivals (t_s, work, requests), in order of time, summed up in steps that begin with the first one's."""
    work, requests = array("d"), array("d")
    first_s: float | None = None
    for t_s, some_work, some_requests in arrivals:
        first_s = t_s if first_s is None else first_s
        step = int((t_s - first_s) / step_s)
        missing = step + 1 - len(work)
        if missing > 0:
            work.extend([0.0] * missing)
            requests.extend([0.0] * missing)
        work[step] += some_work
        requests[step] += some_requests
    return Demand(step_s, work, requests)
