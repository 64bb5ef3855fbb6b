"""The fleet as a whole, against its goals."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import quantiles

from orchestrator.core.deployment import GATEWAY
from orchestrator.core.fleet import Fleet
from orchestrator.core.live import rates
from orchestrator.core.live.histogram import NOTHING, quantile, since
from orchestrator.core.live.reading import Reading, Traffic
from orchestrator.core.live.snapshot import GpuRow, ReplicaRow, Summary
from orchestrator.core.scaling.goal import ScalingGoal

MINUTE_S = 60.0
MILLION, HOUR_S = 1e6, 3600.0


def summary(
    fleet: Fleet, readings: tuple[Reading, ...], rows: tuple[ReplicaRow, ...], gpus: tuple[GpuRow, ...]
) -> Summary:
    """`readings` are those of the window, of which the last is told of."""
    first, seconds = rates.window(readings)
    then, now = first.traffic, readings[-1].traffic
    goal = fleet.scaling.goal if fleet.scaling else ScalingGoal()
    ttft = since(then.ttft, now.ttft) if then and now else NOTHING
    generation_tok_s = _sum(row.generation_tok_s for row in rows)
    paces = sorted(row.tpot_s for row in rows if row.tpot_s is not None)
    per_hour = _per_hour(fleet)
    return Summary(
        generation_tok_s=generation_tok_s,
        prompt_tok_s=_sum(row.prompt_tok_s for row in rows),
        target_tok_s=goal.tok_s,
        ttft_p50_s=quantile(ttft, 0.5),
        ttft_p99_s=quantile(ttft, 0.99),
        ttft_goal_s=goal.ttft_s,
        tpot_p50_s=_percentile(paces, 50),
        tpot_p99_s=_percentile(paces, 99),
        tpot_goal_s=goal.tpot_s,
        num_requests_running=sum(row.num_requests_running or 0 for row in rows),
        num_requests_waiting=sum(row.num_requests_waiting or 0 for row in rows),
        num_requests_held=fleet.held.requests if fleet.held else 0,
        in_flight=now.in_flight if now else None,
        requests_per_s=rates.rate(then.answered_total, now.answered_total, seconds) if then and now else None,
        errors_per_min=_errors_per_min(then, now, seconds),
        ready_replicas=fleet.ready_replicas,
        target_num_replicas=fleet.target_num_replicas,
        failed_replicas=sum(map(has_failed, rows)),
        gpus_used=len({(row.host, index) for row in rows for index in row.gpus}),
        gpus_total=len(gpus),
        cost_per_hour=per_hour,
        cost_per_million=per_hour / (generation_tok_s * HOUR_S) * MILLION if per_hour and generation_tok_s else None,
    )


def has_failed(row: ReplicaRow) -> bool:
    """Serve runs it, and its engine does not answer."""
    return row.deployment != GATEWAY and row.state == "RUNNING" and not row.ready


def _errors_per_min(then: Traffic | None, now: Traffic | None, seconds: float) -> float | None:
    failed = rates.rate(then.failed_total, now.failed_total, seconds) if then and now else None
    return None if failed is None else failed * MINUTE_S


def _sum(values: Iterable[float | None]) -> float | None:
    """Of those that are known; None where none is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _percentile(ordered: list[float], percent: int) -> float | None:
    if len(ordered) < 2:
        return ordered[0] if ordered else None
    return quantiles(ordered, n=100, method="inclusive")[percent - 1]


def _per_hour(fleet: Fleet) -> float | None:
    """Of all replicas that there are; None where the price of one was not given."""
    prices = dict(fleet.prices_per_hour)
    if not fleet.engines or any(each.deployment not in prices for each in fleet.engines):
        return None
    return sum(prices[each.deployment] for each in fleet.engines)
