"""A cluster's nodes as a site: pools of like nodes, and notices of what is not planned on."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.accelerators import devices
from orchestrator.core.amounts import GIB
from orchestrator.core.cluster.cluster_site import Seen, cluster_site
from orchestrator.core.cluster.node import Node, read_node
from orchestrator.core.cluster.pools import MOST_POOLS
from orchestrator.core.cluster.requests import NOTHING_REQUESTED, with_requests
from orchestrator.core.cluster.resource_slices import NOTHING_CLAIMED, Claimed, read_slices
from orchestrator.core.cluster.tenant import Tenant
from orchestrator.core.inventory import Site
from orchestrator.core.site import host_count, without_identity
from tests.core.cluster.objects import (
    A100_LABELS,
    Object,
    device,
    labelled,
    node,
    node_object,
    pod_object,
    slice_object,
)
from tests.core.cluster.test_gpus import TABLE
from tests.core.cluster.test_requests import of_fleet

T4 = labelled(product="Tesla-T4", memory="15360", count="4", compute_major="7", compute_minor="5")
ZONE = "topology.kubernetes.io/zone"


def site(*nodes: Node, pods: tuple[Object, ...] = (), claimed: Claimed = NOTHING_CLAIMED) -> Site:
    return cluster_site(Seen("lab", nodes, with_requests(NOTHING_REQUESTED, pods), claimed), TABLE)[0]


def notices(*nodes: Node) -> tuple[str, ...]:
    return cluster_site(Seen("lab", nodes), TABLE)[1]


def names(site: Site) -> list[tuple[str, ...]]:
    return [group.pool.nodes for group in site.hosts if group.pool]


def test_like_nodes_are_one_pool_by_name_those_with_gpus_first():
    found = site(node("b", A100_LABELS, gpus=8), node("t", T4, gpus=4), node("a", A100_LABELS, gpus=8), node("c"))
    assert names(found) == [("a", "b"), ("t",), ("c",)]
    assert [group.count for group in found.hosts] == [2, 1, 1]
    assert dict(found.hosts[0].pool.labels if found.hosts[0].pool else ())["nvidia.com/gpu.product"]


def test_nodes_of_which_pods_took_another_number_of_gpus_are_not_alike():
    pods = (pod_object("p", "a", gpu=2), pod_object("q", "b", gpu=1), pod_object("r", "b", gpu=1))
    found = site(*(node(name, A100_LABELS, gpus=8) for name in "abc"), pods=pods)
    assert names(found) == [("a", "b"), ("c",)]
    assert [len(devices(group.inventory)[0]) for group in found.hosts] == [6, 8]


def test_gpu_nodes_of_two_zones_are_two_pools_and_others_are_not():
    def in_zone(name: str, zone: str, **more: Any) -> Node:
        return node(name, {ZONE: zone, **more.pop("labels", {})}, **more)

    with_gpus = (in_zone(name, name, labels=A100_LABELS, gpus=8) for name in "ab")
    without = (in_zone(name, name) for name in "xy")
    assert names(site(*with_gpus, *without)) == [("a",), ("b",), ("x", "y")]


def test_a_pool_has_the_least_that_one_of_its_nodes_has_left():
    pods = (pod_object("p", "a", cpu=20, memory="100Gi"), pod_object("q", "b", cpu=40))
    (group,) = site(*(node(name, A100_LABELS, gpus=8) for name in "abc"), pods=pods).hosts
    host = group.inventory.host
    assert (host.cpu_cores, host.memory_available_bytes // GIB, host.memory_total_bytes // GIB) == (23, 412, 512)


def test_nodes_without_gpus_are_told_apart_by_what_they_have_left_while_they_are_few():
    pods = (pod_object("p", "a", memory="400Gi"),)
    assert names(site(node("a"), node("b"), pods=pods)) == [("a",), ("b",)]


def test_nodes_whose_gpu_shares_their_memory_are_told_apart_by_it():
    gb10 = labelled(product="NVIDIA-GB10", memory=None, count="1", compute_major="12", compute_minor="1")
    pods = (pod_object("p", "a", memory="400Gi"),)
    found = site(node("a", gb10, gpus=1), node("b", gb10, gpus=1), pods=pods)
    assert names(found) == [("a",), ("b",)]
    assert all(group.inventory.host.unified_memory for group in found.hosts)


def test_a_node_of_dynamic_resource_allocation_has_the_gpus_of_its_slices():
    claimed = read_slices([slice_object("a", device("gpu-0"), device("gpu-1"))], [])
    found = site(node("a"), node("b", A100_LABELS, gpus=8), claimed=claimed)
    assert [len(group.inventory.gpus) for group in found.hosts] == [2, 8]


def test_a_node_whose_device_plugin_offers_gpus_has_those_once():
    claimed = read_slices([slice_object("a", device("gpu-0"))], [])
    (group,) = site(node("a", A100_LABELS, gpus=8), claimed=claimed).hosts
    assert len(group.inventory.gpus) == 8


def test_each_reason_is_told_once_with_a_few_names():
    cordoned = [node(f"n{number}", spec={"unschedulable": True}) for number in range(5)]
    assert notices(*cordoned, node("amd", resources={"amd.com/gpu": "8"})) == (
        "5 nodes (n0, n1, n2, …) not planned on: cordoned",
        "1 node (amd) not planned on: only NVIDIA's GPUs are (amd.com/gpu)",
    )


def test_gpus_without_labels_are_told_with_what_to_do_and_those_of_other_pods_are_not_told():
    (told,) = notices(node("bare", gpus=2))
    assert told.startswith("2 GPUs (bare) not planned on: no label tells what it is; install GPU Feature Discovery")
    pods = (pod_object("p", "a", gpu=2),)
    seen = Seen("lab", (node("a", A100_LABELS, gpus=8),), with_requests(NOTHING_REQUESTED, pods))
    assert cluster_site(seen, TABLE)[1] == ()


def test_what_a_fleets_own_pods_have_is_free_for_the_plan_that_takes_its_place():
    pods = [of_fleet(pod_object("p", "a", gpu=4, cpu=20), "llm", "chat"), pod_object("q", "a", gpu=1, cpu=1)]
    seen = Seen("lab", (node("a", A100_LABELS, gpus=8),), with_requests(NOTHING_REQUESTED, pods))

    def free(tenant: Tenant) -> tuple[int, int, int]:
        site, notices = cluster_site(seen, TABLE, tenant)
        inventory = site.hosts[0].inventory
        return len(devices(inventory)[0]), inventory.host.cpu_cores, len(notices)

    assert free(Tenant("llm", "chat", anew=True)) == (7, 62, 0)
    assert free(Tenant("llm", "chat")) == (3, 42, 1)
    assert free(Tenant("web", "chat", anew=True)) == (3, 42, 0)


def test_a_fleet_that_runs_is_told_of_where_its_pods_are_not_planned_on():
    pods = [of_fleet(pod_object("p", "a", gpu=4), "llm", "chat")]
    seen = Seen("lab", (node("a", A100_LABELS, gpus=8),), with_requests(NOTHING_REQUESTED, pods))
    (told,) = cluster_site(seen, TABLE, Tenant("llm", "chat"))[1]
    assert told.startswith("fleet chat runs in namespace llm")
    assert told.endswith("--fleet chat")


BARE = {"kubernetes.io/arch": "arm64"}
KINDS = (
    {**A100_LABELS, ZONE: "x"},
    {**A100_LABELS, ZONE: "y"},
    {**A100_LABELS, ZONE: "y", "nvidia.com/cuda.driver-version.full": "535.1"},
    {**A100_LABELS, "nvidia.com/gpu.clique": "1.2"},
    BARE,
    {**BARE, "cloud.google.com/gke-accelerator": "nvidia-l4"},
    {**BARE, "karpenter.k8s.aws/instance-gpu-name": "a100"},
    {
        **BARE,
        "karpenter.k8s.aws/instance-gpu-name": "a100",
        "karpenter.k8s.aws/instance-gpu-memory": "40960",
    },
    {},
    {},
)
DRAWN = st.tuples(st.sampled_from([0, 4, 8]), st.integers(0, 2), st.booleans())  # offered, requested, published


@given(st.lists(DRAWN, min_size=len(KINDS), max_size=len(KINDS)))
def test_a_node_has_the_same_gpus_among_others_as_alone(drawn: list[tuple[int, int, bool]]):
    names = [f"n{number:02}" for number in range(len(KINDS))]
    nodes = [node(*each, gpus=gpus) for *each, (gpus, _, _) in zip(names, KINDS, drawn, strict=True)]
    pods = [pod_object(f"p-{name}", name, gpu=taken) for name, (_, taken, _) in zip(names, drawn, strict=True)]
    published = [
        slice_object(name, device(name, memory=name[1:] + "Gi"))
        for name, each in zip(names, drawn, strict=True)
        if each[2]
    ]
    claimed = read_slices(published, [])
    requested = with_requests(NOTHING_REQUESTED, pods)
    for group in cluster_site(Seen("lab", tuple(nodes), requested, claimed), TABLE)[0].hosts:
        assert group.pool is not None
        for name in group.pool.nodes:
            alone = Seen("lab", (nodes[int(name[1:])],), requested, claimed)
            (own,) = cluster_site(alone, TABLE)[0].hosts
            assert (own.inventory.driver, own.pool and own.pool.labels) == (group.inventory.driver, group.pool.labels)
            assert without_identity(own.inventory).gpus == without_identity(group.inventory).gpus


LEFT = st.tuples(st.integers(0, 60), st.integers(0, 500), st.integers(0, 8))


@given(st.lists(LEFT, max_size=40))
def test_no_pool_promises_more_than_each_of_its_nodes_has(taken: list[tuple[int, int, int]]):
    nodes = [node(f"n{number:02}", A100_LABELS, gpus=8) for number in range(len(taken))]
    pods = tuple(
        pod_object(f"p{number}", f"n{number:02}", cpu=cpu, memory=f"{memory}Gi", gpu=gpus)
        for number, (cpu, memory, gpus) in enumerate(taken)
    )
    found = site(*nodes, pods=pods)
    assert host_count(found) == len(taken)
    for group in found.hosts:
        assert group.pool is not None
        for name in group.pool.nodes:
            cpu, memory, gpus = taken[int(name[1:])]
            assert group.inventory.host.cpu_cores <= max(1, 63 - cpu)
            assert group.inventory.host.memory_available_bytes <= (512 - memory) * GIB
            assert len(devices(group.inventory)[0]) == 8 - gpus


def test_many_unlike_nodes_are_few_pools_none_of_which_has_less_than_half_of_what_its_nodes_have():
    nodes = [
        read_node(node_object(f"n{number:04}", resources={"cpu": str(2 + number % 97), "memory": f"{number}Gi"}))
        for number in range(1000)
    ]
    pools = site(*nodes).hosts
    assert len(pools) <= 3 * MOST_POOLS
    for group in pools:
        assert group.pool is not None
        for name in group.pool.nodes:
            assert group.inventory.host.memory_available_bytes * 2 >= int(name[1:]) * GIB
