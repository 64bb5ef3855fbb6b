"""When the memory of a GPU counts as really free."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.gpu_release import IDLE_BYTES, SETTLED_BYTES, not_released
from orchestrator.core.inventory import GpuProcess, Inventory
from orchestrator.core.preflight import Demand
from tests.core.machines import A100_80, GIB, gpu, machine, with_gpus

MIB = 2**20
DEMAND = Demand(40 * GIB)
ENGINE = GpuProcess(4711, 30 * GIB, "alice", "VLLM::EngineCore")


def seen(free_gib: float, *processes: GpuProcess) -> Inventory:
    return with_gpus(machine(A100_80), replace(gpu(0, *A100_80, free_gib=free_gib), processes=processes))


def reasons(before: Inventory | None, now: Inventory, demand: Demand = DEMAND) -> list[str]:
    return [str(finding) for finding in not_released(before, now, ["GPU-0"], demand)]


def test_an_idle_gpu_is_free_at_the_first_look() -> None:
    assert reasons(None, seen(79.5)) == []


def test_one_look_does_not_tell_whether_memory_is_still_being_freed() -> None:
    (reason,) = reasons(None, seen(60))
    assert reason == "GPU 0: memory that stays as it is needed, still being freed, 60.0 GiB of 80.0 GiB so far"


@pytest.mark.parametrize(("before", "now", "waits"), [(50, 60, True), (60, 60, False), (60, 50, False)])
def test_memory_that_grows_is_waited_for_and_memory_that_stays_is_used(before: int, now: int, waits: bool) -> None:
    assert bool(reasons(seen(before), seen(now))) is waits


def test_too_little_memory_is_waited_for_and_its_holder_is_named() -> None:
    (reason,) = reasons(seen(30, ENGINE), seen(30, ENGINE))
    assert reason.endswith("30.0 GiB of 80.0 GiB free: pid 4711 (VLLM::EngineCore of alice) holds 30.0 GiB")


def test_memory_of_nobody_is_waited_for_too() -> None:
    (reason,) = reasons(seen(30), seen(30))
    assert reason.endswith("free: held by no process that the driver names")


def test_another_gpu_may_be_as_busy_as_it_likes() -> None:
    two = with_gpus(machine(A100_80), gpu(0, *A100_80), gpu(1, *A100_80, free_gib=1))
    assert reasons(None, two) == []


def test_a_gpu_that_has_just_come_back_is_looked_at_twice() -> None:
    lost = with_gpus(machine(A100_80), replace(gpu(0, *A100_80), error="GPU is lost"))
    assert reasons(lost, seen(60))
    assert reasons(seen(60), lost) == ["GPU-0: a GPU that answers needed, GPU 0: GPU is lost"]


@given(st.lists(st.integers(0, 80 * 1024), min_size=2, max_size=20))
def test_what_is_released_has_what_is_demanded_and_grew_no_more(free_mib: list[int]) -> None:
    looks = [seen(mib / 1024) for mib in free_mib]
    for before, now in pairwise(looks):
        if not reasons(before, now):
            free, was = now.gpus[0].memory_free_bytes, before.gpus[0].memory_free_bytes
            assert isinstance(free, int)
            assert isinstance(was, int)
            assert free >= DEMAND.free_bytes
            assert free - was <= SETTLED_BYTES or 80 * GIB - free <= IDLE_BYTES
