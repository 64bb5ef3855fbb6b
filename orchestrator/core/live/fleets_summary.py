"""Several fleets as one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from orchestrator.core.live.fleet_row import FleetRow
from orchestrator.core.live.snapshot import Summary

COUNTED = (
    "num_requests_running", "num_requests_waiting", "num_requests_held", "ready_replicas", "target_num_replicas",
    "failed_replicas", "gpus_used",
)  # fmt: skip
TOLD = ("generation_tok_s", "prompt_tok_s", "target_tok_s", "in_flight", "requests_per_s", "errors_per_min")


def fleets_summary(rows: Sequence[FleetRow]) -> Summary:
    """Sums of what is known; latencies of different fleets are no sum, so that they are left out.

    Fleets of one host see the same GPUs: each of them counts once.
    """
    each = [row.summary for row in rows]
    counted = {name: sum(getattr(summary, name) for summary in each) for name in COUNTED}
    told: dict[str, Any] = {name: _sum(getattr(summary, name) for summary in each) for name in TOLD}
    cost = _sum(summary.cost_per_hour for summary in each)
    return Summary(**counted, **told, cost_per_hour=cost, gpus_total=len({gpu for row in rows for gpu in row.gpus}))


def _sum(values: Iterable[float | None]) -> float | None:
    """Of those that are known; None where none is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None
