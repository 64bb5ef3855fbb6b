"""GPUs that ResourceSlices tell of, and claims hold."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from orchestrator.core.accelerators import devices
from orchestrator.core.cluster.claimed_gpus import claimed_gpus
from orchestrator.core.cluster.resource_slices import read_slices
from orchestrator.core.inventory import Gpu, GpuDriver, Inventory
from tests.core.cluster.objects import Object, claim_object, device, slice_object
from tests.core.cluster.test_gpus import TABLE
from tests.core.cluster.test_node import JUNK
from tests.core.machines import host

H100 = [device(f"gpu-{index}") for index in range(4)]


def gpus(slices: list[Object], *claims: Object) -> tuple[Gpu, ...]:
    return claimed_gpus("a", read_slices(slices, claims), TABLE)


def free(found: tuple[Gpu, ...]) -> list[Any]:
    return [one.uuid for one in devices(Inventory(host(), GpuDriver("580", "13.0"), found))[0]]


def test_each_device_is_a_gpu_with_its_uuid_and_the_one_that_a_claim_holds_is_taken():
    found = gpus(
        [slice_object("a", *H100), slice_object("b", *H100)], claim_object("c", ("a", "gpu-2"), ("b", "gpu-0"))
    )
    assert (found[0].name, found[0].compute_capability) == ("NVIDIA H100 80GB HBM3", (9, 0))
    assert free(found) == ["GPU-gpu-0", "GPU-gpu-1", "GPU-gpu-3"]
    assert found[2].hidden == "requested by other pods"
    assert len(found[0].nvlink_peers) == 3


def test_one_who_only_looks_holds_nothing():
    assert len(free(gpus([slice_object("a", *H100)], claim_object("c", ("a", "gpu-2"), admin=True)))) == 4


def test_of_a_pool_only_the_newest_generation_counts():
    assert len(gpus([slice_object("a", *H100), slice_object("a", *H100[:2], generation=2)])) == 2


def test_other_drivers_devices_are_none_of_ours():
    assert gpus([slice_object("a", *H100, driver="gpu.example.com")]) == ()


def test_slices_are_parts_of_the_gpu_that_they_name():
    parts = [
        device(f"gpu-0-mig-{n}", memory="9984Mi", type="mig", parentUUID="GPU-x", profile="1g.10gb") for n in range(3)
    ]
    (found,) = gpus([slice_object("a", *parts)], claim_object("c", ("a", "gpu-0-mig-1")))
    assert [part.profile for part in found.mig_instances] == ["1g.10gb"] * 3
    assert free((found,)) == ["GPU-gpu-0-mig-0", "GPU-gpu-0-mig-2"]


def test_a_gpu_that_is_published_whole_and_in_parts_is_not_whole_once_a_part_is_taken():
    part = device("gpu-0-mig", memory="9984Mi", type="mig", parentUUID="GPU-gpu-0", profile="1g.10gb")
    assert len(free(gpus([slice_object("a", H100[0], part)]))) == 1
    assert free(gpus([slice_object("a", H100[0], part)], claim_object("c", ("a", "gpu-0-mig")))) == []


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"taints": [{"key": "unhealthy", "effect": "NoSchedule"}]}, "tainted unhealthy"),
        ({"taints": [{"key": "noted", "effect": "None"}]}, None),
    ],
)
def test_a_device_that_its_driver_taints_is_left_out(more: Object, why: str | None):
    (found,) = gpus([slice_object("a", {**H100[0], **more})])
    assert found.hidden == why


def test_a_device_that_virtual_machines_get_is_left_out():
    (found,) = gpus([slice_object("a", device("gpu-vfio-0", type="vfio"))])
    assert "virtual machines" in str(found.hidden)


def test_the_beta_versions_have_all_of_a_device_within_basic():
    name, body = H100[0]["name"], {key: value for key, value in H100[0].items() if key != "name"}
    (found,) = gpus([slice_object("a", {"name": name, "basic": body})])
    assert (found.name, found.uuid) == ("NVIDIA H100 80GB HBM3", "GPU-gpu-0")


@given(JUNK, JUNK, JUNK)
def test_slices_and_claims_of_any_shape_can_be_read(spec: Any, part: Any, status: Any):
    odd = {"spec": {"driver": "gpu.nvidia.com", "nodeName": "a", "pool": part, "devices": [spec, {"attributes": part}]}}
    claimed_gpus("a", read_slices([{"spec": spec}, odd], [{"status": status}, {"status": {"allocation": part}}]), TABLE)
