"""The GPUs of a fleet's pods, as their replicas tell of them, and how many there are for the fleet."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.core.kuberay.pod import PodSeen
from orchestrator.core.kuberay.pod_gpus import gpus_silent, node_selector, pod_hosts
from orchestrator.core.live.gpu_rows import gpu_rows
from orchestrator.core.live.snapshot import GpuRow
from orchestrator.core.live.told_gpus import ToldGpus
from orchestrator.core.manifests.gpu_nodes import GpuNodes
from orchestrator.core.manifests.naming import Role

POD = PodSeen("p0", Role.ENGINE.value, "qwen", "10.0.0.1", 0.0, False, True, True, None, 0, node="gpu-a")
GPU = GpuRow("p0", 5, "NVIDIA A100", "GPU-5")
PRODUCT, GPU_RESOURCE = "nvidia.com/gpu.product", "nvidia.com/gpu"


def told(*gpus: GpuRow, error: str | None = None) -> dict[str, ToldGpus]:
    return {"10.0.0.1": ToldGpus(gpus, error)}


FULL = GpuRow("p0", 5, "NVIDIA A100", "GPU-5", 93.0, 2, 3, 61.0, 312.0, 400.0, "too hot", "lost")


@pytest.mark.parametrize("row", [GPU, FULL], ids=["nothing is told", "all is told"])
def test_a_gpu_is_on_the_node_of_its_pod_as_it_was_told(row: GpuRow) -> None:
    assert gpu_rows(pod_hosts((POD,), told(row))) == (replace(row, host="gpu-a"),)


def test_a_gpu_that_two_tell_of_is_one() -> None:
    other = replace(POD, name="p1", ip="10.0.0.2")
    both = {**told(GPU), "10.0.0.2": ToldGpus((replace(GPU, uuid=""), GPU))}
    assert [gpu.uuid for gpu in gpu_rows(pod_hosts((POD, other), both))] == ["GPU-5", ""]


@pytest.mark.parametrize(
    ("pod", "gpus", "said"),
    [
        (POD, told(GPU), None),
        (POD, told(GPU, error="NVML hangs"), "1 of 1 replicas do not tell: p0: NVML hangs"),
        (POD, told(), "1 of 1 replicas do not tell: p0: it sees none"),
        (replace(POD, ready=False), told(), None),
        (replace(POD, ends=True), told(), None),
        (POD, {}, None),
    ],
    ids=["told", "hangs", "none", "starts", "ends", "of an older version"],
)
def test_what_is_amiss_is_told_of_replicas_that_are_ready(
    pod: PodSeen, gpus: dict[str, ToldGpus], said: str | None
) -> None:
    assert gpus_silent((pod,), gpus) == said


@pytest.mark.parametrize(
    ("wanted", "selector"),
    [
        ((), ""),
        ((GpuNodes(GPU_RESOURCE, None),), ""),
        ((GpuNodes(GPU_RESOURCE, PRODUCT, ("A", "B")), GpuNodes("x", PRODUCT, ("B", "C"))), f"{PRODUCT} in (A,B,C)"),
        ((GpuNodes(GPU_RESOURCE, PRODUCT, ("A",)), GpuNodes(GPU_RESOURCE, "gke", ("a",))), ""),
        ((GpuNodes(GPU_RESOURCE, PRODUCT, ("A",)), GpuNodes(GPU_RESOURCE, None)), ""),
    ],
)
def test_nodes_are_asked_for_by_their_label_where_one_tells_them_all(
    wanted: tuple[GpuNodes, ...], selector: str
) -> None:
    assert node_selector(wanted) == selector
