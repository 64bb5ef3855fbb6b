"""What of a cluster a fleet can have, beside pods of others and promises to others."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.cluster.node import Node
from orchestrator.core.qwen_fleet.kind import Key
from orchestrator.core.qwen_fleet.places import Crowd, PodSeen, asked_by_others, crowd, missing
from orchestrator.core.qwen_fleet.pod_groups import PodGroup, placed, pod_groups
from tests.manifests.rendered import SCALED, rendered

GPU = "nvidia.com/gpu"
A, B = Key("x", "a"), Key("x", "b")


def node(name: str, gpus: int, product: str = "L4") -> Node:
    return Node(name, {"product": product}, allocatable={GPU: Decimal(gpus)})


def group(most: int, gpus: int = 1, fewest: int | None = None, product: str = "L4", name: str = "engine") -> PodGroup:
    where = ({"key": "product", "operator": "In", "values": [product]},)
    return PodGroup(name, {GPU: Decimal(gpus)}, where, most if fewest is None else fewest, most, is_engine=True)


def pod(node: str, gpus: int, fleet: Key | None = None) -> PodSeen:
    return PodSeen(node, {GPU: Decimal(gpus)}, fleet, "engine" if fleet else "")


def gpus_asked(found: Crowd, key: Key, name: str) -> int:
    return int(asked_by_others(key, found).get(name, {}).get(GPU, 0))


def test_own_pods_are_nobody_elses():
    found = crowd([pod("n", 2, A), pod("n", 1, B), pod("n", 3)], (node("n", 8),), {})
    assert (gpus_asked(found, A, "n"), gpus_asked(found, B, "n")) == (4, 5)


def test_pods_that_are_yet_to_start_are_promised_a_place_that_others_cannot_have():
    found = crowd([pod("m", 1, A)], (node("m", 2), node("n", 2)), {A: (group(3),)})
    assert (gpus_asked(found, B, "m"), gpus_asked(found, B, "n")) == (2, 1)
    assert (gpus_asked(found, A, "m"), gpus_asked(found, A, "n")) == (0, 0)


def test_what_is_missing_is_counted_by_what_there_always_is():
    nodes = (node("m", 1), node("n", 1, product="T4"))
    assert missing((group(2),), nodes, {}) == "no node for 1 of 2 pods of engine"
    assert missing((group(2, fewest=0),), nodes, {}) == ""
    assert missing((group(1),), nodes, {"m": {GPU: Decimal(1)}}) == "no node for 1 of 1 pods of engine"
    assert missing((group(1, product="A100"),), nodes, {}) == "no node for 1 of 1 pods of engine"


@given(
    nodes=st.lists(st.integers(0, 8), max_size=5),
    groups=st.lists(st.tuples(st.integers(0, 6), st.integers(1, 8)), max_size=4),
)
def test_no_node_is_ever_asked_for_more_than_it_has(nodes: list[int], groups: list[tuple[int, int]]):
    there = tuple(node(f"n{index}", gpus) for index, gpus in enumerate(nodes))
    wanted = [group(most, gpus, name=f"g{index}") for index, (most, gpus) in enumerate(groups)]
    used = dict.fromkeys((each.name for each in there), 0)
    for name, at in placed(wanted, there, {}):
        used[at] += int(next(each for each in wanted if each.name == name).requests[GPU])
    assert all(used[each.name] <= each.count(GPU) for each in there)
    left = [each.count(GPU) - used[each.name] for each in there]
    counts = [sum(found == each.name for found, _ in placed(wanted, there, {})) for each in wanted]
    homeless = [each for each, count in zip(wanted, counts, strict=True) if count < each.most]
    assert all(each.requests[GPU] > room for each in homeless for room in left)


def test_groups_are_those_of_the_rendered_service():
    head, gateway, engines = pod_groups(rendered("a100-80gb:8", SCALED).one("RayService"))
    assert (head.most, gateway.most, engines.fewest, engines.most) == (1, 2, 1, 3)
    assert [head.is_engine, gateway.is_engine, engines.is_engine] == [False, False, True]
    assert engines.requests[GPU] >= 1
    assert engines.where[0]["key"] == "nvidia.com/gpu.product"
    assert head.where == ()
