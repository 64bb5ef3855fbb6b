"""What is checked of a replica's devices and host before its engine starts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.gpu_holders import NOBODY_NAMED, holders_hint, holders_text, processes_on
from orchestrator.core.host_limits import HostLimits
from orchestrator.core.inventory import GpuDriver, GpuProcess, Inventory, MigInstance, NotAvailable
from orchestrator.core.preflight import Demand, preflight
from tests.core.machines import A100_80, GIB, H100_80, T4, UNKNOWN, gpu, machine, with_gpus

MIB = 2**20
ROOMY = HostLimits(shm_free_bytes=8 * GIB, open_files=1_048_576)
DEMAND = Demand(60 * GIB, gpu_memory_utilization=0.92)
ALICE = GpuProcess(4711, 69 * GIB, "alice", "python")
BOB = GpuProcess(42, GIB, "bob", "Xorg")


def pair(free_gib: float = 80, *processes: GpuProcess) -> Inventory:
    """Two GPUs, of which the second has this much free."""
    second = replace(gpu(1, *A100_80, free_gib=free_gib), processes=processes)
    return with_gpus(machine(A100_80), gpu(0, *A100_80), second)


def told(inventory: Inventory, *uuids: str, demand: Demand = DEMAND, limits: HostLimits = ROOMY) -> list[str]:
    return [str(finding) for finding in preflight(inventory, uuids, demand, limits)]


def test_where_all_is_well_nothing_is_said() -> None:
    assert told(pair(), "GPU-0", "GPU-1") == []


def test_memory_that_somebody_holds_is_told_with_pid_user_and_amount_and_keeps_the_engine_from_starting() -> None:
    (finding,) = preflight(pair(10, BOB, ALICE), ["GPU-0", "GPU-1"], DEMAND, ROOMY)
    assert str(finding) == (
        "GPU 1: 73.6 GiB free needed, 10.0 GiB of 80.0 GiB free: "
        "pid 4711 (python of alice) holds 69.0 GiB, pid 42 (Xorg of bob) holds 1.0 GiB"
    )
    assert (finding.fatal, finding.hint) == (True, "ps -o pid,user,etime,command -p 4711,42")


def test_a_gpu_that_the_replica_does_not_use_is_of_no_account() -> None:
    assert told(pair(10, ALICE), "GPU-0") == []


@pytest.mark.parametrize(("free_gib", "well"), [(73.61, True), (73.59, False)])
def test_vllm_wants_its_share_of_all_memory_free_even_where_the_plan_needs_less(free_gib: float, well: bool) -> None:
    assert (told(pair(free_gib), "GPU-1") == []) is well


@pytest.mark.parametrize(("free_gib", "well"), [(60, True), (59, False)])
def test_where_vllm_takes_a_smaller_share_what_the_plan_counts_on_must_be_free(free_gib: float, well: bool) -> None:
    assert (told(pair(free_gib), "GPU-1", demand=Demand(60 * GIB, 0.5)) == []) is well


@given(st.integers(0, 2**37), st.floats(0, 1), st.integers(1, 2**38))
def test_a_demand_is_never_less_than_either_of_its_parts(free: int, share: float, total: int) -> None:
    assert Demand(free, share).of(total) >= max(free, share * total)


def test_a_slice_is_held_to_its_own_memory_and_its_own_processes() -> None:
    parts = (
        MigInstance("MIG-0", "3g.40gb", 40 * GIB, 2 * GIB, (ALICE,)),
        MigInstance("MIG-1", "3g.40gb", 40 * GIB, 40 * GIB, ()),
    )
    cut = with_gpus(machine(H100_80), replace(gpu(0, *H100_80), mig_enabled=True, mig_instances=parts))
    assert told(cut, "MIG-1", demand=Demand(20 * GIB)) == []
    (busy,) = told(cut, "MIG-0", demand=Demand(20 * GIB))
    assert busy.startswith("GPU 0:0: 20.0 GiB free needed, 2.0 GiB of 40.0 GiB free: pid 4711")


def test_a_gpu_that_was_lost_is_told_in_the_drivers_words() -> None:
    lost = replace(gpu(1, *A100_80), uuid=UNKNOWN, error="GPU is lost")
    (finding,) = told(with_gpus(pair(), gpu(0, *A100_80), lost), "GPU-0", "GPU-1")
    assert finding == "GPU-1: a GPU that answers needed, GPU 1: GPU is lost"


def test_a_gpu_that_is_gone_is_told() -> None:
    assert told(pair(), "GPU-7") == ["GPU-7: a GPU that answers needed, no device of this host has that UUID"]


def test_a_gpu_too_old_for_the_precision_is_told() -> None:
    old = with_gpus(machine(T4), gpu(0, *T4))
    assert told(old, "GPU-0", demand=Demand(min_compute_capability=(8, 0))) == [
        "GPU 0: compute capability 8.0 needed, 7.5"
    ]


@pytest.mark.parametrize(
    ("cuda", "build", "message"),
    [
        ("12.8", 12, None),
        ("12.8", None, None),
        ("13.0", 13, None),
        ("12.8", 13, "driver: a driver for CUDA 13 (580 or newer) needed, the driver 580.65 offers CUDA 12.8"),
        ("11.8", None, "driver: a driver for CUDA 12 (525 or newer) needed, the driver 580.65 offers CUDA 11.8"),
    ],
)
def test_the_driver_must_run_the_build_that_is_installed(cuda: str, build: int | None, message: str | None) -> None:
    host = replace(pair(), driver=GpuDriver("580.65", cuda))
    assert told(host, "GPU-0", demand=Demand(cuda_major=build)) == ([message] if message else [])


def test_without_a_driver_the_reason_is_told_first() -> None:
    first, *_ = told(machine(), "GPU-0")
    assert first == "driver: an NVIDIA driver needed, no GPU: there is no NVIDIA driver"


@pytest.mark.parametrize(("free_mib", "fatal"), [(64, [True]), (512, [False]), (1024, [])])
def test_several_gpus_need_shared_memory(free_mib: int, fatal: list[bool]) -> None:
    limits = replace(ROOMY, shm_free_bytes=free_mib * MIB)
    assert [finding.fatal for finding in preflight(pair(), ["GPU-0", "GPU-1"], DEMAND, limits)] == fatal
    assert preflight(pair(), ["GPU-0"], DEMAND, limits) == ()


def test_few_open_files_are_a_warning_that_comes_after_what_is_fatal() -> None:
    limits = replace(ROOMY, open_files=1024)
    memory, files = preflight(pair(1), ["GPU-1"], DEMAND, limits)
    assert (memory.fatal, files.fatal) == (True, False)
    assert str(files) == "open files: 65,535 needed, at most 1,024"


def test_a_host_without_bounds_is_well() -> None:
    assert told(pair(), "GPU-0", "GPU-1", limits=HostLimits(None, None)) == []


def test_only_the_largest_holders_are_named() -> None:
    many = tuple(GpuProcess(pid, pid * GIB, "alice", "python") for pid in range(1, 6))
    text = holders_text(many)
    assert text.startswith("pid 5 (python of alice) holds 5.0 GiB, pid 4")
    assert text.endswith("pid 3 (python of alice) holds 3.0 GiB, and 2 more")


@pytest.mark.parametrize(
    ("processes", "text", "hint"),
    [
        ((), NOBODY_NAMED, "nvidia-smi"),
        (NotAvailable("why"), "the driver does not tell who holds the rest: why", "nvidia-smi"),
        (
            (GpuProcess(7, NotAvailable("hidden"), NotAvailable("not seen from here"), NotAvailable("the same")),),
            "pid 7 (not seen from here) holds memory, how much is not told",
            "ps -o pid,user,etime,command -p 7",
        ),
    ],
)
def test_what_the_driver_hides_is_said(processes: tuple[GpuProcess, ...], text: str, hint: str) -> None:
    assert (holders_text(processes), holders_hint(processes)) == (text, hint)


def test_a_device_that_is_gone_has_no_known_processes() -> None:
    assert isinstance(processes_on("GPU-7", pair()), NotAvailable)
