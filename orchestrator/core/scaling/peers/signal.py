"""What the peers' rules look at, found in a fluid queue, where there is work and no requests.

In flight are the requests in service and those that wait. In service is as much as keeps the replicas busy: a replica
that works at its capacity is full, and counts as 1. A request is in service for SERVICE_S, so what waits is counted
against the work that a full replica has in service. Rules that count single requests take a full replica for SLOTS.
"""

from __future__ import annotations

from orchestrator.core.scaling.load import Load, VariantLoad

SERVICE_S = 5.0  # an answer of 200 tokens at 40 a second, as in the Azure trace of 2023, whose mean is 211
SLOTS = 32  # requests in service at once in a full replica


def busy(load: Load, main: VariantLoad) -> float:
    """Replicas' worth of work in service: all that are ready where work waits."""
    if load.waiting > 0:
        return float(main.ready)
    return min(float(main.ready), (load.arrived or 0.0) / (load.interval_s * main.capacity))


def waiting(load: Load, main: VariantLoad) -> float:
    """Replicas' worth of requests that wait."""
    return load.waiting / (main.capacity * SERVICE_S)


def in_flight(load: Load, main: VariantLoad) -> float:
    """Replicas' worth of requests in service or waiting."""
    return busy(load, main) + waiting(load, main)


def waiting_requests(load: Load, main: VariantLoad) -> float:
    """Requests that wait, in the whole pool."""
    return waiting(load, main) * SLOTS
