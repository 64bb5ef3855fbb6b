"""The GPUs of a pod's replica, with the real pynvml over a stand-in library."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from orchestrator.adapters import gpu_watch
from orchestrator.core.engine_spec import EngineSpec
from orchestrator.core.live.told_gpus import NO_GPUS
from orchestrator.serving import own_gpus
from orchestrator.serving.own_gpus import MOST, OwnGpus
from orchestrator.serving.replica_status import ReplicaStatus, replica_status, status_data
from tests.adapters.nvml_fixtures import library, nvml
from tests.adapters.nvml_stand_in import A100, NvmlStandIn
from tests.serving.conftest import replica

__all__ = ["library", "nvml"]

pytestmark = pytest.mark.anyio

EVERY_S, GIVE_UP_S = 0.02, 20.0
ON_POD = EngineSpec("vllm", "qwen3.5-9b-bf16", "gpu", "/model", None, ("qwen",), 4096, 8, "/var/log/qorch")
BUSY = A100 | {"minor_number": 5, "utilization": 93, "clocks_event_reasons": 64}


@pytest.fixture
async def gpus(nvml: NvmlStandIn) -> AsyncIterator[OwnGpus]:
    """Those of one pod; nothing of them is left behind."""
    made = OwnGpus(ON_POD, EVERY_S)
    yield made
    made.close()
    await until(lambda: not nvml.processes())


async def until(met: Callable[[], object]) -> None:
    async with asyncio.timeout(GIVE_UP_S):
        while not met():
            await asyncio.sleep(0.005)


def crossed(status: ReplicaStatus) -> ReplicaStatus:
    return replica_status(json.loads(json.dumps(status_data(status))))


async def test_what_each_gpu_does_is_told_as_its_host_numbers_it(nvml: NvmlStandIn, gpus: OwnGpus) -> None:
    nvml.answer(BUSY, A100 | {"uuid": "GPU-a100-1"})
    await until(lambda: gpus.told.gpus)
    one, other = gpus.told.gpus
    assert (one.index, one.utilization_percent, one.temperature_c, one.power_w) == (5, 93, 41, 61.5)
    assert (one.memory_used_bytes, one.memory_total_bytes, one.throttled) == (1 << 30, 80 << 30, "too hot")
    assert (other.index, gpus.uuids, gpus.told.error) == (1, ("GPU-a100-0", "GPU-a100-1"), None)


async def test_what_is_told_survives_the_way_to_the_gateway(nvml: NvmlStandIn, gpus: OwnGpus) -> None:
    nvml.answer(BUSY)
    await until(lambda: gpus.told.gpus)
    status = replace(replica("r0", 40000), gpus=gpus.told)
    assert crossed(status) == status


async def test_a_driver_that_hangs_delays_nothing_and_is_told(
    nvml: NvmlStandIn, gpus: OwnGpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    nvml.answer(BUSY)
    await until(lambda: gpus.told.gpus)
    before = gpus.told.gpus
    monkeypatch.setattr(gpus._watch, "_patience_s", 0.5)
    nvml.answer(BUSY, hang="name")
    loop, longest_s = asyncio.get_running_loop(), 0.0
    while gpus.told.error is None:
        began_s = loop.time()
        await asyncio.sleep(0.005)
        longest_s = max(longest_s, loop.time() - began_s)
    assert "NVML has not answered for" in gpus.told.error
    assert gpus.told.gpus == before
    assert longest_s < 0.4, "the replica's loop went on"


async def test_a_child_that_cannot_be_started_is_told_and_tried_again(
    nvml: NvmlStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise BlockingIOError("no more processes")

    nvml.answer(BUSY)
    real = gpu_watch.start
    monkeypatch.setattr(gpu_watch, "start", refused)
    gpus = OwnGpus(ON_POD, EVERY_S)
    monkeypatch.setattr(gpus._watch, "_retry_s", 0.0)
    await until(lambda: gpus.told.error)
    assert gpus.told.error == "no more processes"
    monkeypatch.setattr(gpu_watch, "start", real)
    await until(lambda: gpus.told.gpus)
    assert gpus.told.error is None
    gpus.close()


async def test_no_more_is_told_than_a_host_can_have(nvml: NvmlStandIn, gpus: OwnGpus) -> None:
    nvml.answer(*[A100 | {"uuid": f"GPU-{number}"} for number in range(MOST + 4)])
    await until(lambda: gpus.told.gpus)
    assert len(gpus.told.gpus) == MOST


@pytest.mark.parametrize(
    "spec",
    [replace(ON_POD, device="cpu"), replace(ON_POD, gpu_sets=(("GPU-a100-0",),))],
    ids=["on a CPU", "on a host, whose GPUs it claims"],
)
async def test_nvml_is_not_asked_by_a_replica(
    nvml: NvmlStandIn, monkeypatch: pytest.MonkeyPatch, spec: EngineSpec
) -> None:
    nvml.answer(BUSY)
    monkeypatch.setattr(own_gpus.GpuWatch, "read", lambda _: pytest.fail("it was asked"))
    made = OwnGpus(spec, EVERY_S)
    await asyncio.sleep(3 * EVERY_S)
    assert (made.told, made.uuids) == (NO_GPUS, ())
    made.close()


async def test_a_pod_without_a_driver_tells_of_no_gpu(nvml: NvmlStandIn, gpus: OwnGpus) -> None:
    nvml.answer(init=9)
    await until(lambda: gpus._watch._absent)
    assert gpus.told == NO_GPUS
