"""What /metrics tells of scaling: the policy's own figures, from the file that it keeps."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from orchestrator.adapters.scaling_file import StateFile, write_state
from orchestrator.core.hold import HeldNow
from orchestrator.core.scaling.pool_state import Changes, PoolState
from orchestrator.serving.gateway.engine_table import EngineTable
from orchestrator.serving.gateway.hold_metrics import HeldCollector
from orchestrator.serving.gateway.metrics import GatewayMetrics
from orchestrator.serving.gateway.scaling_metrics import ScalingCollector
from tests.core.scaling.seen_pools import BEGIN_S, NAME, POLICY, PRIOR, PoolRun
from tests.serving.conftest import replica

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"


@pytest.fixture
def state() -> PoolState:
    run = PoolRun()
    run.run(60, 9.0)
    assert run.decision is not None
    assert run.memory is not None
    return PoolState(run.goal, POLICY, PRIOR, run.decision, run.memory, {NAME: Changes(2, 1)})


def lines(path: Path, table: EngineTable) -> dict[str, float]:
    """Samples by their names and labels."""
    registry = CollectorRegistry()
    registry.register(ScalingCollector(StateFile(path).read, table, lambda: BEGIN_S + 63.5))
    text = generate_latest(registry).decode()
    found = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in found}


def test_all_that_the_policy_keeps_is_told(state: PoolState, tmp_path: Path) -> None:
    write_state(tmp_path / "scaling.json", state)
    table = EngineTable()
    gone = replace(replica("r3", 3), deployment=NAME, ready=False)
    table.update([replace(replica("r1", 1), deployment=NAME), replace(replica("r2", 2), deployment="other"), gone])
    found = lines(tmp_path / "scaling.json", table)
    steps = {step.name: step.value for step in state.decision.steps}
    assert found["qorch_scaling_demand_replicas"] == steps["demand"]
    assert found["qorch_scaling_expected_replicas"] == steps["expected"]
    assert found["qorch_scaling_reserve_replicas"] == steps["reserve"]
    assert found['qorch_scaling_desired_replicas{variant="demo"}'] == state.decision.replicas[NAME]
    assert found['qorch_scaling_ready_replicas{variant="demo"}'] == 1
    assert found['qorch_scaling_capacity_tokens_per_second{variant="demo"}'] == pytest.approx(400, rel=0.01)
    assert found['qorch_scaling_cold_start_seconds{variant="demo"}'] == pytest.approx(4, abs=1)
    assert found['qorch_scaling_changes_total{direction="up",variant="demo"}'] == 2
    assert found['qorch_scaling_changes_total{direction="down",variant="demo"}'] == 1
    assert found['qorch_scaling_goal{goal="attainment"}'] == state.goal.attainment
    assert found["qorch_scaling_decision_age_seconds"] == 3.5
    assert not any("other" in name for name in found)


def test_a_clock_that_went_back_makes_no_age_below_zero(state: PoolState, tmp_path: Path) -> None:
    later = replace(state, memory=replace(state.memory, looked_at_s=BEGIN_S + 1000))
    write_state(tmp_path / "scaling.json", later)
    assert lines(tmp_path / "scaling.json", EngineTable())["qorch_scaling_decision_age_seconds"] == 0


def test_a_decision_without_those_steps_tells_none_of_them(state: PoolState, tmp_path: Path) -> None:
    write_state(tmp_path / "scaling.json", replace(state, decision=replace(state.decision, steps=())))
    assert not any("reserve" in name for name in lines(tmp_path / "scaling.json", EngineTable()))


@pytest.mark.parametrize("text", [None, "{", "{}"])
def test_where_there_is_no_state_nothing_is_told(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "scaling.json").write_text(text)
    assert lines(tmp_path / "scaling.json", EngineTable()) == {}


def test_the_page_of_metrics_has_each_with_its_kind_and_what_it_tells(state: PoolState, tmp_path: Path) -> None:
    write_state(tmp_path / "scaling.json", state)
    metrics = GatewayMetrics(EngineTable())
    metrics.registry.register(HeldCollector(lambda: HeldNow(0, 0, 0, 0.0)))
    metrics.registry.register(ScalingCollector(StateFile(tmp_path / "scaling.json").read, EngineTable(), lambda: 0.0))
    text = metrics.text().decode()
    kinds = dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE))
    told = {
        (name, kinds[name], help_)
        for name, help_ in re.findall(r"^# HELP (\w+) (.+)$", text, re.MULTILINE)
        if not name.endswith("_created")
    }
    of_gateways = PAGE.read_text().partition("## The operator")[0]
    page = re.findall(r"^\| `(\w+)` \| (\w+) \|[^|]*\| ([^|]+) \|$", of_gateways, re.MULTILINE)
    assert set(page) == told
