"""What a QwenFleet asks for, in our own words."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.errors import UsageError
from orchestrator.core.manifests.settings import ClusterSettings, Upgrade
from orchestrator.core.objective import Objective
from orchestrator.core.qwen_fleet.replan import ReplanPolicy, ReplanRule
from orchestrator.core.qwen_fleet.schema import SPEC
from orchestrator.core.qwen_fleet.spec import FleetSpec, fleet_spec, seconds
from orchestrator.core.replica_bounds import ReplicaBounds
from tests.manifests.rendered import TABLE

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 300) | st.floats(0, 1) | st.text(max_size=5) | st.sampled_from(["5s"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["ttft", "type"]), inner, max_size=2),
    max_leaves=4,
)


def spec_of(**spec: Any) -> FleetSpec:
    return fleet_spec({"metadata": {"name": "chat", "namespace": "llm"}, "spec": spec}, "qorch:1", TABLE)


def test_a_spec_of_nothing_is_the_commands_defaults():
    found = spec_of()
    assert (found.wish.profile, found.wish.objective, found.goal_asked) == ("auto", Objective.BALANCED, False)
    assert (found.settings.image, found.settings.namespace, found.settings.num_gateways) == ("qorch:1", "llm", 2)
    assert (found.replan, found.suspended) == (ReplanRule(), False)


def whole() -> FleetSpec:
    """Nothing of it is as where nothing is said."""
    return spec_of(
        model="qwen3.5-9b", maxReplicas=4, minReplicas=0, targets={"ttft": "1.5s", "tpot": "50ms", "attainment": 0.9},
        schedule=["daily 20:00-23:00 min=2"], prices={"a100-80gb": 2, "gpu": 1.5}, image="other:2",
        gateway={"replicas": 3, "allowFrom": ["web"]}, modelClaim="models", redis="redis:6379", monitoring=True,
        upgrade={"type": "NewClusterWithIncrementalUpgrade", "gatewayClass": "istio"},
        replan={"policy": "IfBetter", "minInterval": "2h", "grace": "90s"}, suspend=True,
        tolerations=["team=llm:NoSchedule"], migStrategy="single", speculativeTokens=2,
    )  # fmt: skip


def test_every_field_has_its_place():
    found = whole()
    assert (found.wish.bounds, found.wish.num_replicas) == (ReplicaBounds(0, 4), 4)
    assert (found.goal.ttft_s, found.goal.tpot_s, found.goal.attainment) == (1.5, 0.05, 0.9)
    assert found.goal.schedule[0].min_replicas == 2
    assert found.wish.num_speculative_tokens == 2
    assert ("NVIDIA A100-SXM4-80GB", 2.0) in found.wish.prices.gpu_hour
    assert found.wish.prices.any_gpu_hour == 1.5
    assert (found.settings.upgrade, found.settings.gateway_class) == (Upgrade.INCREMENTAL, "istio")
    assert (found.settings.client_namespaces, found.settings.model_claim) == (("web",), "models")
    assert found.replan == ReplanRule(ReplanPolicy.IF_BETTER, 7200.0, 90.0)
    assert found.suspended


@pytest.mark.parametrize("name", [each.name for each in fields(ClusterSettings)])
def test_each_setting_of_a_clusters_fleet_can_be_said_in_a_qwen_fleet(name: str):
    assert getattr(whole().settings, name) != getattr(ClusterSettings("qorch:1"), name)


@given(spec=st.dictionaries(st.sampled_from(sorted(SPEC["properties"])), VALUES, max_size=4))
def test_nonsense_is_refused_in_words_and_never_breaks(spec: dict[str, Any]):
    with suppress(UsageError):
        assert isinstance(spec_of(**spec), FleetSpec)


@pytest.mark.parametrize(("text", "expected"), [("200ms", 0.2), ("1.5s", 1.5), ("5m", 300.0), ("6h", 21600.0)])
def test_durations_are_read_in_seconds(text: str, expected: float):
    assert seconds(text) == expected
