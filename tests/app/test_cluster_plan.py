"""Plans over a cluster within what the fleet's namespace allows."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from orchestrator.app.admitted import Admission
from orchestrator.app.cluster_plan import USUAL, make_cluster_plan
from orchestrator.app.plan import require_fit
from orchestrator.core.cluster.cluster_site import Seen
from orchestrator.core.cluster.limit_range import read_limit_range
from orchestrator.core.cluster.namespace_limits import NamespaceLimits
from orchestrator.core.cluster.node import Node
from orchestrator.core.cluster.quota import read_quota
from orchestrator.core.cluster.requests import NOTHING_REQUESTED, with_requests
from orchestrator.core.cluster.tenant import Tenant
from orchestrator.core.device import Device
from orchestrator.core.errors import DoesNotFit
from orchestrator.core.objective import Objective
from orchestrator.core.plan import FitPlan
from orchestrator.core.replica_bounds import ReplicaBounds
from orchestrator.core.wish import Wish
from tests.core.cluster.objects import A100_LABELS, Object, limit_range_object, node, pod_object, quota_object
from tests.core.cluster.test_requests import of_fleet
from tests.core.machines import PREDICT, PROFILES
from tests.manifests.rendered import TABLE

NODES = tuple(node(name, A100_LABELS, gpus=8) for name in "ab")
GPUS = "requests.nvidia.com/gpu"
SMALL = Wish(model="qwen3.5-9b", profile="bf16")
DESCRIBED = "kubectl --context lab -n llm describe quota,limitrange"


def limited(*objects: Object) -> NamespaceLimits:
    quotas = (read_quota(each) for each in objects if each["kind"] == "ResourceQuota")
    ranges = (item for each in objects if each["kind"] == "LimitRange" for item in read_limit_range(each))
    return NamespaceLimits("llm", tuple(quota for quota in quotas if quota is not None), tuple(ranges))


def quota(used: Object | None = None, **hard: object) -> Object:
    """`gpus` are requests of them."""
    return quota_object("team", "llm", hard=_spelt(hard), used=_spelt(used or {}))


def _spelt(amounts: Object) -> Object:
    return {GPUS if name == "gpus" else name: amount for name, amount in amounts.items()}


def planned(
    wish: Wish, *objects: Object, nodes: tuple[Node, ...] = NODES, pods: tuple[Object, ...] = (), anew: bool = False
) -> FitPlan:
    seen = Seen("lab", nodes, with_requests(NOTHING_REQUESTED, pods), limits={"llm": limited(*objects)})
    return make_cluster_plan(PROFILES, seen, wish, TABLE, PREDICT, Tenant("llm", "chat", anew))


def gpus(plan: FitPlan) -> int:
    return sum(placement.num_gpus for placement in plan.placements)


FILLING = Wish(model="qwen3.5-9b", profile="bf16", objective=Objective.COST)


def test_gpus_beyond_a_quota_are_not_planned_on_and_the_notice_names_it():
    plan = planned(FILLING, quota(gpus=6, used={"gpus": 1}))
    assert gpus(plan) == 5
    assert "quota team of namespace llm leaves 5 of 6 nvidia.com/gpu: no more are planned on" in plan.notices
    assert plan.wish == FILLING
    assert gpus(planned(FILLING)) == 16


def test_a_quota_of_more_than_there_is_is_no_news():
    plan = planned(FILLING, quota(gpus=16))
    assert gpus(plan) == 16
    assert not any("quota" in notice for notice in plan.notices)


def test_a_quota_that_leaves_no_gpu_leaves_cpus():
    plan = planned(Wish(model="qwen3.5-4b"), quota(gpus=2, used={"gpus": 2}))
    assert require_fit(plan).device is Device.CPU
    told = "16 GPUs (a, b) not planned on: quota team of namespace llm leaves 0 of 2 nvidia.com/gpu"
    assert told in plan.notices


@pytest.mark.parametrize("left", [0, 2])
def test_where_nothing_fits_because_of_a_quota_the_error_says_so(left: int):
    wish = Wish(profile="qwen3.5-9b-bf16", num_replicas=3)
    with pytest.raises(DoesNotFit, match=f"quota team of namespace llm leaves {left} of 4 nvidia.com/gpu; ") as refused:
        planned(wish, quota(gpus=4, used={"gpus": 4 - left}))
    assert refused.value.hint == DESCRIBED


def test_where_nothing_would_fit_without_it_either_a_quota_is_not_blamed():
    wish = Wish(profile="qwen3.5-9b-bf16", num_replicas=17)
    plan = planned(wish, quota(gpus=4))
    assert plan.chosen is None
    with pytest.raises(DoesNotFit, match="17 replicas were asked for"):
        require_fit(plan)


def test_a_quota_of_memory_leaves_room_for_fewer_replicas_and_says_so():
    """The head has 4 GiB, two gateways 2 GiB each, and an engine on one GPU 9 GiB."""
    plan = planned(FILLING, quota(**{"requests.memory": "40Gi"}))
    assert plan.num_replicas == 3
    (told,) = (notice for notice in plan.notices if "quota" in notice)
    assert told.startswith("in namespace llm, quota team leaves 40Gi of 40Gi requests.memory")
    assert told.endswith(": 3 of the 16 replicas are planned that the nodes have room for")
    assert plan.wish == FILLING


def test_so_many_replicas_as_were_asked_for_are_refused_with_how_many_there_could_be():
    with pytest.raises(DoesNotFit, match="there is room for 3 of 5 replicas") as refused:
        planned(Wish(model="qwen3.5-9b", profile="bf16", num_replicas=5), quota(pods=6))
    assert refused.value.hint == "qorch plan --replicas 3"
    bounded = Wish(model="qwen3.5-9b", profile="bf16", num_replicas=5, bounds=ReplicaBounds(4, 5))
    with pytest.raises(DoesNotFit) as refused:
        planned(bounded, quota(pods=6))
    assert refused.value.hint == "qorch plan --min-replicas 3 --max-replicas 3"


def test_a_namespace_that_has_no_room_for_a_head_is_refused_with_what_shows_its_limits():
    with pytest.raises(DoesNotFit, match="in namespace llm, quota team leaves 1 of 1 pods") as refused:
        planned(SMALL, quota(pods=1))
    assert refused.value.hint == DESCRIBED


def test_a_container_larger_than_its_namespace_allows_is_refused():
    with pytest.raises(DoesNotFit, match="limit range most allows 8Gi memory, and container engine of the engine has"):
        planned(SMALL, limit_range_object("most", "llm", max={"memory": "8Gi"}))


def test_a_replica_is_planned_on_as_many_gpus_as_its_namespace_allows_a_container():
    free = require_fit(planned(SMALL))
    plan = planned(SMALL, limit_range_object("most", "llm", max={"memory": "40Gi"}))
    assert (free.tensor_parallel_size, require_fit(plan).tensor_parallel_size) == (8, 4)
    (told,) = (notice for notice in plan.notices if "limit range" in notice)
    assert told.endswith("has 54Gi: a replica is planned on 4 GPUs instead")
    asked = Wish(model="qwen3.5-9b", profile="bf16", tensor_parallel_size=8)
    with pytest.raises(DoesNotFit, match="allows 40Gi memory"):
        planned(asked, limit_range_object("most", "llm", max={"memory": "40Gi"}))


def test_what_the_fleet_itself_has_is_left_for_the_plan_that_takes_its_place():
    own = tuple(of_fleet(pod_object(str(number), "a", gpu=1), "llm", "chat") for number in range(4))
    full = quota(gpus=4, used={"gpus": 4})
    assert gpus(planned(FILLING, full, pods=own, anew=True)) == 4
    assert gpus(planned(Wish(model="qwen3.5-4b"), full, pods=own)) == 0


ENGINE_GIB = 9 + 1 / 32  # on one GPU, and the sidecar that prints its log


@example(10, 98, 13)  # for ten engines, but not for what prints their logs
@example(1, 17, 4)  # as for one
@given(st.integers(1, 20), st.integers(8, 120), st.integers(2, 24))
@settings(max_examples=15, deadline=None)
def test_what_is_planned_is_admitted(devices: int, memory_gib: int, pods: int):
    objects = (quota(gpus=devices, pods=pods, **{"requests.memory": f"{memory_gib}Gi"}),)
    try:
        plan = planned(FILLING, *objects)
    except DoesNotFit:
        assert memory_gib < 8 + ENGINE_GIB or pods < 4
        return
    assert Admission(limited(*objects), "chat", USUAL, TABLE, "lab").refusal(plan) is None
    more = plan.num_replicas + 1
    assert more > min(devices, 16) or memory_gib < 8 + ENGINE_GIB * more or pods < 3 + more
