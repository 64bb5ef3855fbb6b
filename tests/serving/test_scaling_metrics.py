"""What /metrics tells of scaling: the policy's own figures, as it told them last."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from orchestrator.core.hold import HeldNow
from orchestrator.core.scaling.told import ScalingTold
from orchestrator.serving.gateway.engine_table import EngineTable
from orchestrator.serving.gateway.hold_metrics import HeldCollector
from orchestrator.serving.gateway.metrics import GatewayMetrics
from orchestrator.serving.gateway.scaling_metrics import ScalingCollector
from tests.core.scaling.seen_pools import BEGIN_S, NAME
from tests.serving.conftest import replica

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"


def lines(told: ScalingTold | None, table: EngineTable) -> dict[str, float]:
    """Samples by their names and labels."""
    registry = CollectorRegistry()
    registry.register(ScalingCollector(lambda: told, table, lambda: BEGIN_S + 63.5))
    text = generate_latest(registry).decode()
    found = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in found}


def test_all_that_the_policy_keeps_is_told(told: ScalingTold) -> None:
    table = EngineTable()
    gone = replace(replica("r3", 3), deployment=NAME, ready=False)
    table.update([replace(replica("r1", 1), deployment=NAME), replace(replica("r2", 2), deployment="other"), gone])
    found = lines(told, table)
    steps = {step.name: step.value for step in told.state.decision.steps}
    assert found["qorch_scaling_demand_replicas"] == steps["demand"]
    assert found["qorch_scaling_expected_replicas"] == steps["expected"]
    assert found["qorch_scaling_reserve_replicas"] == steps["reserve"]
    assert found['qorch_scaling_desired_replicas{variant="demo"}'] == told.state.decision.replicas[NAME]
    assert found['qorch_scaling_ready_replicas{variant="demo"}'] == 1
    assert found['qorch_scaling_capacity_tokens_per_second{variant="demo"}'] == pytest.approx(400, rel=0.01)
    assert found['qorch_scaling_cold_start_seconds{variant="demo"}'] == pytest.approx(4, abs=1)
    assert found['qorch_scaling_changes_total{direction="up",variant="demo"}'] == 2
    assert found['qorch_scaling_changes_total{direction="down",variant="demo"}'] == 1
    assert found['qorch_scaling_goal{goal="attainment"}'] == told.state.goal.attainment
    assert found["qorch_scaling_decision_age_seconds"] == 3.5
    assert not any("other" in name for name in found)


def test_a_clock_that_went_back_makes_no_age_below_zero(told: ScalingTold) -> None:
    state = replace(told.state, memory=replace(told.state.memory, looked_at_s=BEGIN_S + 1000))
    assert lines(replace(told, state=state), EngineTable())["qorch_scaling_decision_age_seconds"] == 0


def test_a_decision_without_those_steps_tells_none_of_them(told: ScalingTold) -> None:
    state = replace(told.state, decision=replace(told.state.decision, steps=()))
    assert not any("reserve" in name for name in lines(replace(told, state=state), EngineTable()))


def test_where_nothing_was_told_there_is_nothing() -> None:
    assert lines(None, EngineTable()) == {}


def test_the_page_of_metrics_has_each_with_its_kind_and_what_it_tells(told: ScalingTold) -> None:
    metrics = GatewayMetrics(EngineTable())
    metrics.registry.register(HeldCollector(lambda: HeldNow(0, 0, 0, 0.0)))
    metrics.registry.register(ScalingCollector(lambda: told, EngineTable(), lambda: 0.0))
    text = metrics.text().decode()
    kinds = dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE))
    of_gateway = {
        (name, kinds[name], help_)
        for name, help_ in re.findall(r"^# HELP (\w+) (.+)$", text, re.MULTILINE)
        if not name.endswith("_created")
    }
    of_gateways = PAGE.read_text().partition("## The operator")[0]
    page = re.findall(r"^\| `(\w+)` \| (\w+) \|[^|]*\| ([^|]+) \|$", of_gateways, re.MULTILINE)
    assert set(page) == of_gateway
