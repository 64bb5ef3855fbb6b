"""A node's labels and resources as GPUs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.adapters.gpu_table import load_gpus, shipped_gpus_dir
from orchestrator.core.accelerators import Accelerator, devices
from orchestrator.core.amounts import MIB
from orchestrator.core.cluster.gpu_labels import cuda_version, devices_of, driver_version
from orchestrator.core.cluster.gpus import gpus_of
from orchestrator.core.cluster.node import Node
from orchestrator.core.gpu_estimate import spec_of
from orchestrator.core.gpu_spec import GpuSpec
from orchestrator.core.inventory import Gpu, GpuDriver, Inventory
from tests.core.cluster.objects import A100_LABELS, labelled, node
from tests.core.machines import host

TABLE = load_gpus(shipped_gpus_dir())


def gpus(node: Node, requested: int = 0, resource: str = "nvidia.com/gpu") -> tuple[Gpu, ...]:
    return gpus_of(devices_of(node), node, {resource: Decimal(requested)}, TABLE)


def usable(found: tuple[Gpu, ...]) -> tuple[Accelerator, ...]:
    return devices(Inventory(host(), GpuDriver("580", "13.0"), found))[0]


def hidden(found: tuple[Gpu, ...]) -> set[str | None]:
    return {gpu.hidden for gpu in found}


def test_a_labelled_node_has_its_gpus_by_the_name_that_nvml_gives_them():
    found = gpus(node("a", A100_LABELS, gpus=8))
    first = found[0]
    assert (len(found), first.name, first.compute_capability) == (8, "NVIDIA A100-SXM4-80GB", (8, 0))
    assert first.memory_total_bytes == first.memory_free_bytes == 81920 * MIB
    assert isinstance(spec_of(first, TABLE), GpuSpec)
    assert len(first.nvlink_peers) == 7
    assert hidden(found) == {None}


@pytest.mark.parametrize("product", ["A100-SXM4-80GB", "nvidia-a100-sxm4-80gb"])
def test_older_labels_leave_nvidia_out(product: str):
    assert gpus(node("a", labelled(product=product), gpus=1))[0].name == "NVIDIA A100-SXM4-80GB"


def test_a_product_that_no_table_has_is_planned_on_by_what_its_labels_tell():
    (found,) = usable(gpus(node("a", labelled(product="NVIDIA-X900", memory="100000", count="1"), gpus=1)))
    assert (found.name, found.total_bytes, found.capability) == ("NVIDIA-X900", 100000 * MIB, (8, 0))


@pytest.mark.parametrize("memory", [None, "0", "-5", "80GB", "1e9", "99999999999"])
def test_memory_that_is_missing_or_cannot_be_right_is_the_tables(memory: str | None):
    found = gpus(node("a", labelled(memory=memory), gpus=8))
    assert found[0].memory_total_bytes == TABLE.specs["a100-80gb"].memory_bytes


def test_memory_that_nothing_tells_leaves_the_gpu_out():
    assert usable(gpus(node("a", labelled(product="NVIDIA-X900", memory=None), gpus=1))) == ()


@pytest.mark.parametrize(("requested", "free"), [(0, 8), (3, 5), (8, 0), (11, 0)])
def test_gpus_that_pods_requested_are_not_free(requested: int, free: int):
    found = gpus(node("a", A100_LABELS, gpus=8), requested)
    assert (len(found), len(usable(found))) == (8, free)
    assert [one.id for one in usable(found)] == list(range(free))


def test_gpus_that_the_device_plugin_does_not_offer_are_left_out():
    found = gpus(node("a", A100_LABELS, gpus=6), requested=1)
    assert len(usable(found)) == 5
    assert [gpu.hidden is None or gpu.hidden.split(":")[0] for gpu in found[5:]] == [
        "requested by other pods",
        "not allocatable",
        "not allocatable",
    ]


def test_a_node_of_like_mig_slices_has_slices_and_no_gpu():
    labels = labelled(product="NVIDIA-A100-SXM4-80GB-MIG-1g.10gb", memory="9728", count="56")
    found = gpus(node("a", labels, gpus=56), requested=6)
    slices = usable(found)
    assert (len(found), len(slices)) == (8, 50)
    assert {(each.mig_profile, each.total_bytes, each.name) for each in slices} == {
        ("1g.10gb", 9728 * MIB, "NVIDIA A100-SXM4-80GB")
    }


def test_slices_that_take_more_memory_than_sevenths_are_fewer_a_gpu():
    labels = labelled(product="NVIDIA-A100-SXM4-80GB-MIG-1g.20gb", memory="19968", count="12")
    assert len(gpus(node("a", labels, gpus=12))) == 3


def test_profiles_with_resources_of_their_own_stand_beside_whole_gpus():
    labels = {
        **labelled(),
        "nvidia.com/mig.strategy": "mixed",
        "nvidia.com/mig-3g.40gb.count": "2",
        "nvidia.com/mig-3g.40gb.memory": "40192",
        "nvidia.com/mig-3g.40gb.product": "NVIDIA-A100-SXM4-80GB-MIG-3g.40gb",
    }
    found = gpus(node("a", labels, gpus=7, resources={"nvidia.com/mig-3g.40gb": "2"}), 1, "nvidia.com/mig-3g.40gb")
    assert [gpu.index for gpu in found] == list(range(8))
    assert [one.mig_profile for one in usable(found)] == [None] * 7 + ["3g.40gb"]


def test_a_layout_that_strategy_single_cannot_offer_is_said_to_be_one():
    labels = labelled(product="NVIDIA-A100-SXM4-80GB-MIG-INVALID", memory="0", count="0", replicas="0")
    found = gpus(node("a", labels, gpus=2))
    assert usable(found) == ()
    assert "unlike MIG slices" in str(found[0].hidden)


@pytest.mark.parametrize(
    ("product", "resource"),
    [("NVIDIA-A100-SXM4-80GB-SHARED", "nvidia.com/gpu"), ("NVIDIA-A100-SXM4-80GB", "nvidia.com/gpu.shared")],
)
def test_a_shared_gpu_is_one_gpu_and_is_not_planned_on(product: str, resource: str):
    found = gpus(node("a", labelled(product=product, replicas="4"), resources={resource: "32"}))
    assert (len(found), usable(found)) == (8, ())
    assert "shared by up to 4 pods" in str(found[0].hidden)


def test_gpus_that_no_label_names_are_left_out_with_what_is_missing():
    found = gpus(node("a", gpus=2))
    assert (len(found), hidden(found)) == (2, {"no label tells what it is"})


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        ({"cloud.google.com/gke-accelerator": "nvidia-tesla-a100"}, "NVIDIA A100-SXM4-40GB"),
        ({"cloud.google.com/gke-accelerator": "nvidia-a100-80gb"}, "NVIDIA A100-SXM4-80GB"),
        ({"cloud.google.com/gke-accelerator": "nvidia-h100-mega-80gb"}, "NVIDIA H100 80GB HBM3"),
        ({"cloud.google.com/gke-accelerator": "nvidia-tesla-t4"}, "Tesla T4"),
        ({"cloud.google.com/gke-accelerator": "nvidia-l4"}, "NVIDIA L4"),
        (
            {"karpenter.k8s.aws/instance-gpu-name": "a100", "karpenter.k8s.aws/instance-gpu-memory": "81920"},
            "NVIDIA A100-SXM4-80GB",
        ),
        ({"karpenter.k8s.aws/instance-gpu-name": "a100"}, "NVIDIA A100-SXM4-40GB"),
    ],
)
def test_a_clouds_own_label_names_the_gpu_where_there_is_no_other(labels: dict[str, str], name: str):
    (found,) = gpus(node("a", labels, gpus=1))
    assert (found.name, found.hidden) == (name, None)
    assert usable((found,))


def test_a_gpu_that_shares_the_hosts_memory_has_none_of_its_own():
    (found,) = gpus(node("a", labelled(product="NVIDIA-GB10", memory=None, count="1"), gpus=1))
    assert not isinstance(found.memory_total_bytes, int)


def test_driver_and_cuda_are_read_from_labels_of_today_and_of_before():
    old = {
        "nvidia.com/cuda.driver.major": "455",
        "nvidia.com/cuda.driver.minor": "06",
        "nvidia.com/cuda.driver.rev": "01",
        "nvidia.com/cuda.runtime.major": "12",
        "nvidia.com/cuda.runtime.minor": "4",
    }
    assert (driver_version(node("a", A100_LABELS)), cuda_version(node("a", A100_LABELS))) == ("580.65.06", "13.0")
    assert (driver_version(node("a", old)), cuda_version(node("a", old))) == ("455.06.01", "12.4")
    assert driver_version(node("a")) is None


TEXT = st.one_of(
    st.none(), st.text(max_size=12), st.sampled_from(["0", "-1", "8", "999999999", "1.5", "nan", "-SHARED"])
)


@given(
    st.fixed_dictionaries(dict.fromkeys(("product", "memory", "count", "replicas", "compute_major"), TEXT)),
    st.integers(0, 16),
    st.integers(0, 20),
)
def test_labels_of_any_kind_never_make_more_devices_than_pods_can_be_given(
    labels: dict[str, Any], allocatable: int, requested: int
):
    found = gpus(node("a", labelled(**labels), gpus=allocatable), requested)
    assert len(usable(found)) <= max(0, allocatable - requested)
    assert all(one.total_bytes > 0 for one in usable(found))
    assert len({gpu.index for gpu in found}) == len(found)
