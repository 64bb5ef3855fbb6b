"""Limit ranges: what one container or pod may have, and what one is given that says nothing."""

from __future__ import annotations

from typing import Any

from orchestrator.core.cluster.fleet_pods import FleetPods, fleet_pods
from orchestrator.core.cluster.limit_range import LimitRange, read_limit_range, with_defaults
from orchestrator.core.cluster.namespace_limits import NamespaceLimits
from orchestrator.core.cluster.pod_requests import containers_of, limits_of, pod_requests
from tests.core.cluster.objects import Object, limit_range_object
from tests.core.cluster.test_quota import pods, quota
from tests.manifests.rendered import SCALED, every_kind, rendered


def ranges(kind: str = "Container", **item: Any) -> tuple[LimitRange, ...]:
    return read_limit_range(limit_range_object("most", kind=kind, **item))


def refusal(found: tuple[LimitRange, ...], *asked: FleetPods) -> str | None:
    return NamespaceLimits("llm", ranges=found).refusal(asked)


def two(first: str, second: str) -> FleetPods:
    containers: list[Object] = [{"name": each, "resources": {"limits": {"memory": each}}} for each in (first, second)]
    return FleetPods("engine", {"containers": containers}, 1)


def test_a_container_with_more_than_the_most_is_named_with_both():
    assert refusal(ranges(max={"memory": "8Gi"}), pods(memory="9Gi")) == (
        "in namespace llm, limit range most allows 8Gi memory, and container main of the engine has 9Gi"
    )
    assert refusal(ranges(max={"memory": "9Gi"}), pods(memory="9Gi")) is None


def test_of_a_pod_its_containers_count_together_and_of_a_container_alone():
    assert refusal(ranges(max={"memory": "8Gi"}), two("5Gi", "4Gi")) is None
    told = refusal(ranges("Pod", max={"memory": "8Gi"}), two("5Gi", "4Gi"))
    assert told is not None
    assert told.endswith("allows 8Gi memory, and a pod of the engine has 9Gi")


def test_a_pod_that_says_no_limit_where_one_is_wanted_is_refused():
    told = refusal(ranges("Pod", max={"cpu": "8"}), pods(memory="9Gi"))
    assert told is not None
    assert "limits cpu of a pod, and a pod of the engine says no limit of it" in told


def test_of_claims_and_images_nothing_is_read():
    assert ranges("PersistentVolumeClaim", max={"storage": "1Gi"}) == ()


def test_a_container_that_says_nothing_is_given_the_default_and_what_it_says_stays():
    found = ranges(max={"cpu": "9"}, default={"memory": "2Gi"}, defaultRequest={"cpu": "250m"})
    (bare,) = with_defaults([pods()], found)
    assert {name: float(amount) for name, amount in pod_requests(bare.spec).items()} == {"cpu": 0.25, "memory": 2**31}
    assert limits_of(bare.spec["containers"][0])["cpu"] == 9
    (said,) = with_defaults([pods(cpu="3", memory="1Gi")], found)
    assert {name: float(amount) for name, amount in pod_requests(said.spec).items()} == {"cpu": 3, "memory": 2**30}


def test_a_default_of_core_limits_is_what_a_quota_of_them_wants():
    limited = NamespaceLimits("llm", (quota({"limits.cpu": 8}),))
    asked = pods(cpu="1", limits={"memory": "1Gi"})
    assert limited.refusal([asked]) is not None
    defaulted = NamespaceLimits("llm", limited.quotas, ranges(default={"cpu": "4"}))
    assert defaulted.refusal([asked]) is None
    told = NamespaceLimits("llm", limited.quotas, ranges(default={"cpu": "9"})).refusal([asked])
    assert told is not None
    assert told.endswith("leaves 8 of 8 limits.cpu, and the fleet's pods ask for 9")


def test_a_request_beyond_the_limit_that_a_container_is_given_is_refused():
    told = refusal(ranges(default={"cpu": "500m"}), pods(cpu="1", limits={"memory": "1Gi"}))
    assert told is not None
    assert "container main of the engine asks for 1 cpu" in told


def test_every_container_that_is_rendered_says_what_quotas_of_requests_and_memory_want():
    for fleet in every_kind():
        for each in fleet_pods(fleet.objects):
            for container in containers_of(each.spec):
                resources = container["resources"]
                assert {"cpu", "memory"} <= set(resources["requests"]), container["name"]
                assert resources["limits"]["memory"] == resources["requests"]["memory"]


def test_a_fleets_pods_are_its_heads_gateways_engines_at_their_most_and_the_job_of_its_weights():
    fleet = rendered("a100-80gb:4", SCALED, model_claim="models", num_gateways=3)
    found = {each.role: each for each in fleet_pods(fleet.objects)}
    assert {role: each.count for role, each in found.items()} == {"weights": 1, "head": 1, "gateway": 3, "engine": 3}
    assert [one["name"] for one in containers_of(found["head"].spec)] == ["ray-head", "autoscaler"]
    assert len(containers_of(fleet_pods(rendered().objects)[0].spec)) == 1
