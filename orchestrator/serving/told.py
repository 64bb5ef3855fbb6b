"""What replicas tell the autoscaling policy, and how the policy reads it from Ray Serve's contexts."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from orchestrator.core.deployment import GATEWAY
from orchestrator.core.scaling.own_ttft import FirstTokens
from orchestrator.core.scaling.parts import Parts
from orchestrator.core.scaling.seen import PoolSeen, ReplicaSample, VariantSeen
from orchestrator.core.scaling.tpot_spread import TpotCounts

ANSWERED, HELD = "answered_requests_total", "held_requests"  # of the gateway
FIRST_TOKENS, FIRST_TOKEN_S = "first_tokens_total", "first_token_seconds_total"
TPOT_REQUESTS = "tpot_requests_total"  # by variant and bin: tpot_requests_total/NAME/BIN


def pool_seen(contexts: Iterable[Any], now_s: float) -> Parts[PoolSeen]:
    """From Ray Serve's `AutoscalingContext` of each deployment, none of which is kept once it was read.

    Each gathers what its replicas told when it is asked, and keeps that alive.
    """
    return _seen({context.deployment_name: context for context in contexts}, now_s)


def _seen(by_name: dict[str, Any], now_s: float) -> Parts[PoolSeen]:
    gateway = by_name.pop(GATEWAY, None)
    told, variants = {} if gateway is None else gateway.raw_metrics, []
    tpots = _tpots(told)
    for name in [*by_name]:
        variants.append(_variant(by_name.pop(name), tpots.get(name, {})))
        yield len(variants[-1].replicas)
    return PoolSeen(now_s, tuple(variants), _sum(told.get(ANSWERED)), _sum(told.get(HELD)) or 0.0, _first_tokens(told))


def _first_tokens(told: Mapping[str, Any]) -> FirstTokens | None:
    count, seconds = _sum(told.get(FIRST_TOKENS)), _sum(told.get(FIRST_TOKEN_S))
    return None if count is None or seconds is None else FirstTokens(count, seconds)


def tpot_name(variant: str, place: int) -> str:
    """Of the count of a variant's requests whose TPOT is in a bin."""
    return f"{TPOT_REQUESTS}/{variant}/{place}"


def _tpots(told: Mapping[str, Any]) -> dict[str, TpotCounts]:
    """By variant, of all gateways; a count that is nonsense is none."""
    found: defaultdict[str, dict[int, float]] = defaultdict(dict)
    for name in told:
        if name.startswith(TPOT_REQUESTS) and (count := _sum(told[name])) is not None:
            _, variant, place = name.split("/")
            found[variant][int(place)] = count
    return {variant: dict(sorted(counts.items())) for variant, counts in found.items()}


def _variant(context: Any, tpots: TpotCounts) -> VariantSeen:
    """Without the replicas that stand aside, which keep their places: it has room for so many fewer.

    As many as shall be there at the least are to be there beside them.
    """
    samples = _samples(context.running_replicas, context.raw_metrics)
    working = {name: sample for name, sample in samples.items() if sample is None or sample.max_num_seqs}
    aside = min(len(samples) - len(working), context.target_num_replicas)
    most = max(0, context.capacity_adjusted_max_replicas - aside)
    return VariantSeen(
        context.deployment_name,
        min(context.capacity_adjusted_min_replicas, most),
        most,
        context.target_num_replicas - aside,
        working if aside else samples,
        tpots,
        aside,
    )


def _samples(replicas: Sequence[Any], told: Mapping[str, Mapping[Any, Any]]) -> dict[str, ReplicaSample | None]:
    """The last value of each series; None for a replica of which one is missing."""
    columns = [_last(told.get(name, {}), replicas) for name in ReplicaSample._fields]
    rows = zip(replicas, zip(*columns, strict=True), strict=True)
    return {replica.unique_id: None if None in row else ReplicaSample._make(row) for replica, row in rows}


def _last(told: Mapping[Any, Any], replicas: Sequence[Any]) -> list[float | None]:
    """In the order of the replicas, which is that of Serve's own series where all tell: no look-up costs less."""
    every = told.values() if [*told] == [*replicas] else map(told.get, replicas)
    return [float(series[-1].value) if series else None for series in every]


def _sum(told: Mapping[Any, Any] | None) -> float | None:
    """Of all gateways; None where none tells, or one tells nonsense."""
    values = [float(series[-1].value) for series in (told or {}).values() if series]
    return sum(values) if values and all(math.isfinite(value) and value >= 0 for value in values) else None
