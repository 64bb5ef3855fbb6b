"""What replicas tell the autoscaling policy, and how the policy reads it from Ray Serve's contexts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from orchestrator.core.deployment import GATEWAY
from orchestrator.core.scaling.seen import PoolSeen, ReplicaSample, VariantSeen

ANSWERED, HELD = "answered_requests_total", "held_requests"  # of the gateway


def pool_seen(contexts: Iterable[Any], now_s: float) -> PoolSeen:
    """From Ray Serve's `AutoscalingContext` of each deployment."""
    by_name = {context.deployment_name: context for context in contexts}
    gateway = by_name.pop(GATEWAY, None)
    told = {} if gateway is None else gateway.raw_metrics
    return PoolSeen(
        now_s,
        tuple(map(_variant, by_name.values())),
        _sum(told.get(ANSWERED)),
        _sum(told.get(HELD)) or 0.0,
    )


def _variant(context: Any) -> VariantSeen:
    told = [context.raw_metrics.get(name, {}) for name in ReplicaSample._fields]
    return VariantSeen(
        context.deployment_name,
        context.capacity_adjusted_min_replicas,
        context.capacity_adjusted_max_replicas,
        context.target_num_replicas,
        {replica.unique_id: _sample(replica, told) for replica in context.running_replicas},
    )


def _sample(replica: Any, told: list[Mapping[Any, Any]]) -> ReplicaSample | None:
    """The last value of each series; None where one is missing."""
    series: list[Sequence[Any]] = [each.get(replica) or () for each in told]
    return ReplicaSample(*(float(each[-1].value) for each in series)) if all(series) else None


def _sum(told: Mapping[Any, Any] | None) -> float | None:
    """Of all gateways; None where none tells, or one tells nonsense."""
    values = [float(series[-1].value) for series in (told or {}).values() if series]
    return sum(values) if values and all(math.isfinite(value) and value >= 0 for value in values) else None
