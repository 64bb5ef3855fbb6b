"""Waiting for a GPU's memory, with the real probe over a stand-in library."""

from __future__ import annotations

import asyncio
import os
from functools import partial
from pathlib import Path

import pytest

from orchestrator.adapters import gpu_wait
from orchestrator.adapters.gpu_wait import all_devices, wait_until_free
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.inventory import Inventory
from orchestrator.core.preflight import Demand
from tests.adapters.nvml_stand_in import A100, NvmlStandIn

GIB = 2**30
MIB = 2**20
UUID = "GPU-a100-0"
DEMAND = Demand(70 * GIB)
HELD = A100 | {"memory_used_mib": 60_000, "compute": f"{os.getpid()}:59000"}


@pytest.fixture
def nvml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NvmlStandIn:
    """The stand-in, in place of the driver's library for child processes."""
    library = NvmlStandIn(tmp_path)
    library.take_the_drivers_place(monkeypatch)
    monkeypatch.setattr(gpu_wait, "PERIOD_S", 0.01)
    return library


def waited(timeout_s: float = 60, looks: list[Inventory] | None = None, *steps: object) -> Inventory:
    """Waits while each look is followed by the next step."""
    rest = iter(steps)

    def look() -> Inventory:
        try:
            found = all_devices()
        finally:
            step = next(rest, None)
            if callable(step):
                step()
        if looks is not None:
            looks.append(found)
        return found

    return asyncio.run(wait_until_free([UUID], DEMAND, timeout_s, look))


def test_a_gpu_that_is_idle_is_free_at_once(nvml: NvmlStandIn) -> None:
    nvml.answer(A100)
    looks: list[Inventory] = []
    assert waited(60, looks) is looks[0]


def test_memory_that_is_freed_in_steps_is_waited_for(nvml: NvmlStandIn) -> None:
    nvml.answer(HELD)
    looks: list[Inventory] = []
    steps = (partial(nvml.answer, A100 | {"memory_used_mib": used}) for used in (30_000, 9000, 4000))
    waited(60, looks, *steps)
    free = [look.gpus[0].memory_free_bytes for look in looks]
    assert free == [(81920 - used) * MIB for used in (60_000, 30_000, 9000, 4000, 4000)]


def test_memory_that_is_not_freed_is_told_with_pid_user_and_amount(nvml: NvmlStandIn) -> None:
    nvml.answer(HELD)
    holder = rf"pid {os.getpid()} \(.* of .*\) holds 57\.6 GiB \(waited 0 s\)$"
    with pytest.raises(EnvironmentNotReady, match=holder) as told:
        waited(timeout_s=0)
    assert told.value.hint == f"ps -o pid,user,etime,command -p {os.getpid()}"


def test_a_driver_that_stumbles_is_asked_again(nvml: NvmlStandIn) -> None:
    nvml.answer(A100, init=999)
    assert waited(60, None, lambda: nvml.answer(A100)).gpus[0].uuid == UUID


def test_a_driver_that_does_not_answer_at_all_is_told_as_that(nvml: NvmlStandIn) -> None:
    nvml.answer(A100, init=999)
    with pytest.raises(EnvironmentNotReady, match="GPUs are not known"):
        waited(timeout_s=0)


def test_what_ray_shows_a_replica_hides_none_of_its_devices(nvml: NvmlStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    nvml.answer(A100)
    assert asyncio.run(wait_until_free([UUID], DEMAND)).gpus[0].hidden is None
