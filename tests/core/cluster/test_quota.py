"""Quotas: what is left of them, and what a fleet's pods exceed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.cluster.fleet_pods import FleetPods
from orchestrator.core.cluster.namespace_limits import NamespaceLimits
from orchestrator.core.cluster.quantity import amount_text
from orchestrator.core.cluster.quota import Quota, quota_use, read_quota
from tests.core.cluster.objects import Object, quota_object

GPU, GPUS = "nvidia.com/gpu", "requests.nvidia.com/gpu"


def pods(count: int = 1, **resources: Any) -> FleetPods:
    """Of one container with these requests and limits; `limits={…}` are others."""
    limits = resources.pop("limits", resources)
    container = {"name": "main", "resources": {"requests": resources, "limits": limits}}
    return FleetPods("engine", {"containers": [container]}, count)


def quota(hard: Object, used: Object | None = None, **spec: Any) -> Quota:
    found = read_quota(quota_object("team", spec=spec, hard=hard, used=used or {}))
    assert found is not None
    return found


def refusals(of: Quota, *asked: FleetPods) -> list[str]:
    return list(of.refusals(asked))


def test_what_is_left_is_the_hard_limit_less_what_is_used_and_never_less_than_nothing():
    found = quota({GPUS: 8, "pods": 2, "memory": "1Gi"}, {GPUS: 3, "pods": 5})
    assert (found.left(GPUS), found.left("pods"), found.left("memory"), found.left("cpu")) == (5, 0, 2**30, None)


def test_a_quota_that_nobody_has_counted_yet_goes_by_its_spec():
    unseen = quota_object("team", hard={GPUS: 8}, used={})
    found = read_quota({**unseen, "status": {}})
    assert found is not None
    assert found.left(GPUS) == 8


@pytest.mark.parametrize(
    ("spec", "applies"),
    [
        ({}, True),
        ({"scopes": ["NotTerminating", "NotBestEffort"]}, True),
        ({"scopes": ["Terminating"]}, False),
        ({"scopes": ["NotBestEffort", "BestEffort"]}, False),
        ({"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In"}]}}, False),
        ({"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "NotIn"}]}}, True),
    ],
)
def test_a_quota_of_other_pods_is_none_of_a_fleets(spec: Object, applies: bool):
    assert (read_quota(quota_object("team", spec=spec, hard={"pods": 1}, used={})) is not None) == applies


def test_what_pods_ask_for_together_is_told_with_what_is_left():
    (told,) = refusals(quota({GPUS: 8}, {GPUS: 6}), pods(3, **{GPU: "1"}))
    assert told == "quota team leaves 2 of 8 requests.nvidia.com/gpu, and the fleet's pods ask for 3"
    assert refusals(quota({GPUS: 8}, {GPUS: 6}), pods(2, **{GPU: "1"})) == []


@pytest.mark.parametrize("resource", ["memory", "requests.memory", "limits.memory"])
def test_memory_goes_by_every_name_that_quotas_have_for_it(resource: str):
    (told,) = refusals(quota({resource: "40Gi"}), pods(5, memory="9Gi"))
    assert told == f"quota team leaves 40Gi of 40Gi {resource}, and the fleet's pods ask for 45Gi"


@pytest.mark.parametrize("resource", ["pods", "count/pods"])
def test_pods_are_counted_themselves(resource: str):
    assert len(refusals(quota({resource: 3}, {resource: 1}), pods(2), pods(1))) == 1
    assert refusals(quota({resource: 3}, {resource: 1}), pods(1), pods(1)) == []


def test_a_quota_of_core_limits_refuses_containers_that_say_none():
    (told,) = refusals(quota({"limits.cpu": 100}), pods(cpu="1", limits={"memory": "1Gi"}))
    assert told.startswith("quota team is of limits.cpu, which the engine does not say")
    assert refusals(quota({"limits.cpu": 100}), pods(cpu="1")) == []


def test_what_a_fleets_own_pods_have_is_left_for_those_that_take_their_place():
    used = {GPUS: 6, "requests.memory": "20Gi", "limits.memory": "20Gi", "pods": 4, "requests.cpu": 5}
    found = quota({name: "32Gi" if "memory" in name else 8 for name in used}, used)
    own = {GPU: Decimal(4), "memory": Decimal(10 * 2**30), "cpu": Decimal(2), "pods": Decimal(3)}
    left = found.without(own)
    assert [left.left(name) for name in used] == [6, 22 * 2**30, 22 * 2**30, 7, 5]


AMOUNTS = st.integers(0, 64)


@given(AMOUNTS, AMOUNTS, st.lists(st.tuples(AMOUNTS, st.integers(0, 5)), max_size=4))
def test_pods_are_refused_just_where_they_ask_for_more_than_is_left(hard: int, used: int, asked: list[tuple[int, int]]):
    groups = [pods(count, **{GPU: str(each)}) for each, count in asked]
    wanted = sum(each * count for each, count in asked)
    assert bool(refusals(quota({GPUS: hard}, {GPUS: used}), *groups)) == (wanted > max(0, hard - used))
    assert quota_use(groups).get(GPUS, 0) == wanted


def limits(*quotas: Quota) -> NamespaceLimits:
    return NamespaceLimits("llm", quotas)


def test_the_tightest_quota_says_how_many_devices_may_be_had():
    found = limits(quota({GPUS: 8}), Quota("lab", {GPUS: Decimal(4)}, {GPUS: Decimal(1)}))
    assert found.most_devices([GPU]) == (3, "quota lab of namespace llm leaves 3 of 4 nvidia.com/gpu")
    assert found.most_devices(["nvidia.com/mig-1g.10gb"]) is None
    assert limits(quota({"pods": 1})).most_devices([GPU]) is None


def test_devices_of_which_a_quota_leaves_none_are_barred():
    found = limits(quota({GPUS: 2, "requests.nvidia.com/mig-1g.10gb": 7}, {GPUS: 2}))
    assert found.bars() == {GPU: "quota team of namespace llm leaves 0 of 2 nvidia.com/gpu"}
    assert found.most_devices([GPU, "nvidia.com/mig-1g.10gb"]) == (
        7,
        "quota team of namespace llm leaves 7 of 7 nvidia.com/mig-1g.10gb",
    )


@pytest.mark.parametrize(
    ("amount", "text"),
    [("45Gi", "45Gi"), ("512Mi", "512Mi"), ("1500m", "1.5"), ("8", "8"), ("0", "0"), ("1e3", "1000")],
)
def test_amounts_are_written_as_people_write_them(amount: str, text: str):
    left = quota({"x": amount}).left("x")
    assert left is not None
    assert amount_text(left) == text
