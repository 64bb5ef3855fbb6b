"""What the policy in Serve's controller last decided and what it rests on, for the gateway's /metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from orchestrator.core.scaling.pool_state import PoolState
from orchestrator.core.scaling.told import ScalingTold
from orchestrator.serving.gateway.engine_table import EngineTable

STEPS = {
    "demand": "Replicas that are busy, averaged.",
    "expected": "Replicas that are expected to be busy when one that is asked for now is ready.",
    "reserve": "Replicas beyond what is expected.",
}


class ScalingCollector(Collector):
    """Of what the policy `told` last, once it has, and of the replicas that the gateway knows."""

    def __init__(self, told: Callable[[], ScalingTold | None], table: EngineTable, clock: Callable[[], float]) -> None:
        self._told, self._table, self._clock = told, table, clock

    def collect(self) -> Iterator[Metric]:
        told = self._told()
        if told is None:
            return
        state = told.state
        yield from _replicas(state, self._table)
        yield from _steps(state)
        yield from _learned(state)
        yield _changes(state)
        yield _goals(state)
        age_s = max(0.0, self._clock() - state.memory.looked_at_s)
        yield GaugeMetricFamily("qorch_scaling_decision_age_seconds", "Since the last decision that was told.", age_s)


def _replicas(state: PoolState, table: EngineTable) -> Iterator[Metric]:
    ready = Counter(engine.status.deployment for engine in table.engines if engine.load.ready)
    desired = state.decision.replicas
    yield _by_variant("qorch_scaling_desired_replicas", "Replicas that the policy asks for.", desired)
    here = {name: ready[name] for name in desired}
    yield _by_variant("qorch_scaling_ready_replicas", "Replicas that answer.", here)


def _steps(state: PoolState) -> Iterator[Metric]:
    """Those that the last decision has."""
    values = {step.name: step.value for step in state.decision.steps}
    for name, text in STEPS.items():
        if name in values:
            yield GaugeMetricFamily(f"qorch_scaling_{name}_replicas", text, values[name])


def _learned(state: PoolState) -> Iterator[Metric]:
    yield _by_variant(
        "qorch_scaling_capacity_tokens_per_second",
        "Tokens that a full replica would generate without prompts to read, as learned.",
        state.generation_tok_s,
    )
    usual_s = {name: each.usual_s for name, each in state.memory.cold_starts.items()}
    yield _by_variant(
        "qorch_scaling_cold_start_seconds", "From asking for a replica until it is ready, as learned.", usual_s
    )


def _changes(state: PoolState) -> Metric:
    text = "Decisions that asked for more replicas, and for fewer."
    family = CounterMetricFamily("qorch_scaling_changes", text, labels=("variant", "direction"))
    for name, changes in state.changes.items():
        for direction, count in asdict(changes).items():
            family.add_metric([name, direction], count)
    return family


def _goals(state: PoolState) -> Metric:
    """Those that are set and are a number; `cost_per_hour` is what is left of a budget that is shared."""
    family = GaugeMetricFamily("qorch_scaling_goal", "What the fleet shall reach, by the goal.", labels=("goal",))
    for name, value in asdict(state.goal).items():
        if isinstance(value, int | float):
            family.add_metric([name], value)
    return family


def _by_variant(name: str, text: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=("variant",))
    for variant, value in values.items():
        family.add_metric([variant], value)
    return family
