"""The fleet as a whole, against its goals."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.core.fleet import Fleet
from orchestrator.core.live import rates
from orchestrator.core.live.course import Course, Window
from orchestrator.core.live.histogram import quantile, since
from orchestrator.core.live.reading import GpuCount, Reading, Traffic
from orchestrator.core.live.replica_state import ReplicaState, state_of
from orchestrator.core.live.snapshot import GpuRow, ReplicaRow, Summary
from orchestrator.core.scaling.goal import ScalingGoal

MILLION, HOUR_S = 1e6, 3600.0
Rows = tuple[ReplicaRow, ...]
Gpus = tuple[GpuRow, ...]


def summary(fleet: Fleet, reading: Reading, course: Course, rows: Rows, gpus: Gpus) -> Summary:
    """`reading` is that of now, and of this fleet."""
    traffic, count = reading.traffic, reading.gpu_count or _count(rows, gpus)
    goal = fleet.scaling.goal if fleet.scaling else ScalingGoal()
    generation_tok_s = _sum(row.generation_tok_s for row in rows)
    per_hour = _per_hour(fleet)
    return Summary(
        generation_tok_s=generation_tok_s,
        prompt_tok_s=_sum(row.prompt_tok_s for row in rows),
        target_tok_s=goal.tok_s,
        ttft_goal_s=goal.ttft_s,
        tpot_goal_s=goal.tpot_s,
        num_requests_running=sum(row.num_requests_running or 0 for row in rows),
        num_requests_waiting=sum(row.num_requests_waiting or 0 for row in rows),
        num_requests_held=fleet.held.requests if fleet.held else 0,
        in_flight=traffic.in_flight if traffic else None,
        ready_replicas=fleet.ready_replicas,
        target_num_replicas=fleet.target_num_replicas,
        failed_replicas=sum(state_of(row) is ReplicaState.FAILED for row in rows),
        gpus_used=count.used,
        gpus_total=count.total or 0,
        cost_per_hour=per_hour,
        cost_per_million=per_hour / (generation_tok_s * HOUR_S) * MILLION if per_hour and generation_tok_s else None,
        **(_answers(course.traffic) if course.traffic else {}),
    )


def _count(rows: Rows, gpus: Gpus) -> GpuCount:
    """Of all GPUs that were read those that replicas have; a slice stands for its GPU."""
    used = {(row.host, index) for row in rows for index in row.gpus}
    return GpuCount(len(used), len({(gpu.host, gpu.index) for gpu in gpus}))


def _answers(window: Window[Traffic]) -> dict[str, float | None]:
    """What clients got in the window."""
    then, now = window.then, window.now
    ttft, tpot = since(then.ttft, now.ttft), since(then.tpot, now.tpot)
    return {
        "ttft_p50_s": quantile(ttft, 0.5),
        "ttft_p99_s": quantile(ttft, 0.99),
        "tpot_p50_s": quantile(tpot, 0.5),
        "tpot_p99_s": quantile(tpot, 0.99),
        "requests_per_s": rates.rate(then.answered_total, now.answered_total, window.seconds),
        "errors_per_min": rates.per_min(then.failed_total, now.failed_total, window.seconds),
    }


def _sum(values: Iterable[float | None]) -> float | None:
    """Of those that are known; None where none is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _per_hour(fleet: Fleet) -> float | None:
    """Of all replicas that there are; None where the price of one was not given."""
    prices = dict(fleet.prices_per_hour)
    if not fleet.engines or any(each.deployment not in prices for each in fleet.engines):
        return None
    return sum(prices[each.deployment] for each in fleet.engines)
