"""The GPU probe, with the real pynvml over a stand-in library."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Timer

import psutil
import pytest

from orchestrator.adapters.gpu_probe import probe_gpus
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.inventory import GpuDriver, GpuProcess, MigInstance, NotAvailable
from tests.adapters.nvml_fixtures import library, nvml
from tests.adapters.nvml_stand_in import A100, A6000, H100_MIG, RTX_4090, NvmlStandIn

__all__ = ["library", "nvml"]

MIB = 1024**2


def test_two_a100s_joined_by_nvlink_are_read_in_full(nvml: NvmlStandIn) -> None:
    second = A100 | {"uuid": "GPU-a100-1", "pci": "00000000:0F:00.0", "p2p.0": 0}
    nvml.answer(A100 | {"p2p.1": 0}, second)
    driver, (gpu, other) = probe_gpus()
    assert driver == GpuDriver("580.65.06", "13.0")
    assert (gpu.index, gpu.name, gpu.uuid) == (0, "NVIDIA A100-SXM4-80GB", "GPU-a100-0")
    assert (gpu.pci_bus_id, gpu.nvlink_peers) == ("00000000:07:00.0", ("00000000:0F:00.0",))
    assert (other.index, other.uuid, other.nvlink_peers) == (1, "GPU-a100-1", ("00000000:07:00.0",))
    assert gpu.memory_total_bytes == 81920 * MIB
    assert (gpu.memory_used_bytes, gpu.memory_free_bytes) == (1024 * MIB, 80896 * MIB)
    assert gpu.compute_capability == (8, 0)
    assert (gpu.utilization_percent, gpu.temperature_c) == (37, 41)
    assert (gpu.power_w, gpu.power_limit_w) == (61.5, 400.0)
    assert (gpu.ecc_enabled, gpu.mig_enabled, gpu.error) == (True, False, None)
    assert (gpu.memory_clock_mhz, gpu.memory_bus_width_bits) == (1593, 5120)
    assert (gpu.core_count, gpu.sm_clock_mhz) == (6912, 1410)


def test_an_a6000_tells_the_memory_that_its_driver_tells(nvml: NvmlStandIn) -> None:
    nvml.answer(A6000, cuda_version=12080)
    driver, (gpu,) = probe_gpus()
    assert driver.cuda_version == "12.8"
    assert (gpu.memory_total_bytes, gpu.compute_capability) == (49140 * MIB, (8, 6))
    assert (gpu.ecc_enabled, gpu.nvlink_peers) == (False, ())


def test_cards_without_nvlink_have_no_peers(nvml: NvmlStandIn) -> None:
    nvml.answer(A6000 | {"p2p.0": 0, "p2p.1": 5}, A6000 | {"pci": "00000000:0F:00.0"})
    assert [gpu.nvlink_peers for gpu in probe_gpus()[1]] == [(), ()]


def test_what_an_rtx_4090_does_not_have_is_not_available_with_the_reason(nvml: NvmlStandIn) -> None:
    nvml.answer(RTX_4090)
    _, (gpu,) = probe_gpus()
    assert gpu.ecc_enabled == NotAvailable("Not Supported")
    assert gpu.mig_enabled == NotAvailable("Not Supported")
    assert gpu.power_w == NotAvailable("Not Supported")
    assert gpu.memory_clock_mhz == gpu.core_count == NotAvailable("Not Supported")
    assert (gpu.memory_total_bytes, gpu.error) == (24564 * MIB, None)


def test_mig_slices_are_listed_by_name_and_by_size_and_empty_slots_are_not(nvml: NvmlStandIn) -> None:
    nvml.answer(H100_MIG)
    _, (gpu,) = probe_gpus()
    assert gpu.mig_enabled is True
    nobody = NotAvailable("Not Supported")
    assert gpu.mig_instances == (
        MigInstance("MIG-0", "1g.10gb", 9984 * MIB, 9968 * MIB, nobody),
        MigInstance("MIG-2", "3g.40gb", 40448 * MIB, 40448 * MIB, nobody),
    )


def test_a_slice_that_tells_neither_name_nor_size_has_an_unknown_profile(nvml: NvmlStandIn) -> None:
    nvml.answer(A100 | {"mig_mode": 1, "mig_count": 1, "mig.0.uuid": "MIG-0"})
    _, (gpu,) = probe_gpus()
    missing = NotAvailable("Not Supported")
    assert gpu.mig_instances == (MigInstance("MIG-0", "unknown", missing, missing, missing),)


def test_who_holds_a_gpus_memory_is_told_with_user_and_command(nvml: NvmlStandIn) -> None:
    me, ended = psutil.Process(), subprocess.Popen(["true"])
    ended.wait(10)
    nvml.answer(A100 | {"compute": f"{me.pid}:512 {ended.pid}:69000"})
    mine, gone = probe_gpus()[1][0].processes  # type: ignore[misc]
    assert mine == GpuProcess(me.pid, 512 * MIB, me.username(), me.name())
    assert (gone.pid, gone.used_bytes) == (ended.pid, 69000 * MIB)
    assert "outside this container" in gone.user.reason


def test_a_process_that_computes_and_draws_counts_once_and_one_whose_memory_is_hidden_says_so(
    nvml: NvmlStandIn,
) -> None:
    nvml.answer(A100 | {"compute": "1:100 2:", "graphics": "1:120 3:8"})
    told = {process.pid: process.used_bytes for process in probe_gpus()[1][0].processes}  # type: ignore[union-attr]
    assert told == {1: 120 * MIB, 2: NotAvailable("the driver does not tell what it holds"), 3: 8 * MIB}


def test_the_processes_of_a_slice_are_its_own(nvml: NvmlStandIn) -> None:
    nvml.answer(H100_MIG | {"compute": "1:1 2:2", "mig.0.compute": "1:1", "mig.2.compute": ""})
    _, (gpu,) = probe_gpus()
    first, second = (part.processes for part in gpu.mig_instances)
    assert [process.pid for process in first] == [1]  # type: ignore[union-attr]
    assert second == ()


def test_a_driver_that_hides_its_processes_is_not_read_as_an_empty_gpu(nvml: NvmlStandIn) -> None:
    nvml.answer(A100)
    assert probe_gpus()[1][0].processes == NotAvailable("Not Supported")


@pytest.mark.parametrize("fault", ["handle", "error"])
def test_a_lost_gpu_is_listed_with_its_error_while_the_others_work(nvml: NvmlStandIn, fault: str) -> None:
    nvml.answer(A100 | {fault: 15, "p2p.1": 0}, A6000 | {"p2p.0": 0})
    _, (lost, working) = probe_gpus()
    assert (lost.error, lost.memory_total_bytes) == ("GPU is lost", NotAvailable("GPU is lost"))
    assert (working.error, working.name) == (None, "NVIDIA RTX A6000")
    assert working.nvlink_peers == ()


def test_a_reading_that_fails_does_not_condemn_the_gpu(nvml: NvmlStandIn) -> None:
    nvml.answer(A100 | {"error": 999})
    _, (gpu,) = probe_gpus()
    assert (gpu.power_w, gpu.error) == (NotAvailable("Unknown Error"), None)


@pytest.mark.parametrize(
    ("bits", "said"),
    [
        (0x0, ""),
        (0x1, ""),  # idle
        (0x2, ""),  # by the user's own setting of clocks
        (0x4, "power limit"),
        (0x8, "hardware slowdown"),
        (0x20, "too hot"),
        (0x40, "too hot"),
        (0x60, "too hot"),
        (0x80, "power brake"),
        (0xC4, "too hot, power brake, power limit"),
    ],
)
def test_why_clocks_are_held_down_is_told_in_words_the_most_urgent_first(
    nvml: NvmlStandIn, bits: int, said: str
) -> None:
    nvml.answer(A100 | {"clocks_event_reasons": bits})
    assert probe_gpus()[1][0].throttled == said


def test_a_driver_that_does_not_tell_why_clocks_are_down_is_not_read_as_well(nvml: NvmlStandIn) -> None:
    nvml.answer(A100)
    assert probe_gpus()[1][0].throttled == NotAvailable("Not Supported")


def test_an_unknown_name_is_taken_as_it_is(nvml: NvmlStandIn) -> None:
    nvml.answer(RTX_4090 | {"name": "NVIDIA Q9000 Prototype"})
    assert probe_gpus()[1][0].name == "NVIDIA Q9000 Prototype"


def test_the_next_probe_sees_what_has_changed(nvml: NvmlStandIn) -> None:
    nvml.answer(A100)
    before = probe_gpus()[1]
    nvml.answer(A100 | {"memory_used_mib": 70000}, A6000)
    after = probe_gpus()[1]
    assert [gpu.memory_used_bytes for gpu in before] == [1024 * MIB]
    assert [gpu.memory_used_bytes for gpu in after] == [70000 * MIB, 1024 * MIB]


@pytest.mark.parametrize("call", ["init", "count", "name"])
def test_a_hang_is_answered_in_time_and_leaves_no_process_behind(nvml: NvmlStandIn, call: str) -> None:
    nvml.answer(A100, hang=call)
    before, started = nvml.processes(), time.monotonic()
    with pytest.raises(EnvironmentNotReady, match=r"did not answer in 1 s.*not known") as hung:
        probe_gpus(timeout_s=1)
    assert time.monotonic() - started < 3
    assert hung.value.hint == "nvidia-smi"
    assert set(nvml.processes()) <= set(before)


def test_ctrl_c_during_a_hang_leaves_no_process_behind(nvml: NvmlStandIn) -> None:
    nvml.answer(A100, hang="name")
    before = nvml.processes()
    Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        probe_gpus()
    assert set(nvml.processes()) <= set(before)


def test_a_hanging_child_ends_itself_when_its_parent_is_gone(nvml: NvmlStandIn) -> None:
    nvml.answer(A100, hang="count")
    command = [sys.executable, "-P", "-m", "orchestrator.adapters.nvml", "0.5"]
    with subprocess.Popen(command, start_new_session=True) as child:
        try:
            assert child.wait(5) == -signal.SIGALRM
        finally:
            os.killpg(child.pid, signal.SIGKILL)


def test_a_host_without_the_library_has_no_gpu_and_says_why_at_once() -> None:
    try:
        ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        started = time.monotonic()
        driver, gpus = probe_gpus()
        assert driver.absent is not None
        assert driver.absent.startswith("no GPU: the NVIDIA driver's library does not load (libnvidia-ml.so.1")
        assert (gpus, time.monotonic() - started < 2) == ((), True)
    else:
        pytest.skip("this host has the NVIDIA driver's library")


def test_a_driver_that_is_not_loaded_means_no_gpu(nvml: NvmlStandIn) -> None:
    nvml.answer(init=9)
    driver, gpus = probe_gpus()
    assert (driver.absent, gpus) == ("no GPU: the NVIDIA driver is installed but not loaded", ())


def test_a_driver_that_sees_no_gpu_is_not_absent(nvml: NvmlStandIn) -> None:
    nvml.answer()
    assert probe_gpus() == (GpuDriver("580.65.06", "13.0"), ())


@pytest.mark.parametrize(
    ("code", "words"),
    [(18, "the old one is still loaded"), (999, "Unknown Error"), (4, "may not talk to the NVIDIA driver")],
)
def test_a_driver_that_refuses_is_never_read_as_no_gpu(nvml: NvmlStandIn, code: int, words: str) -> None:
    nvml.answer(A100, init=code)
    with pytest.raises(EnvironmentNotReady, match=f"GPUs are not known: .*{words}"):
        probe_gpus()


def test_a_library_that_does_not_load_is_never_read_as_no_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "libnvidia-ml.so.1").write_text("not a library, and long enough for an ELF header" * 9)
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
    with pytest.raises(EnvironmentNotReady, match=r"does not load .*invalid ELF header"):
        probe_gpus()


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("import os; os.kill(os.getpid(), 11)", "was ended by SIGSEGV"),
        ("print('[]')", "gave no readable answer"),
        ("print('[{}, []]')", "gave no readable answer"),
        ("raise SystemExit(7)", "ended with exit code 7"),
    ],
)
def test_a_probe_that_breaks_is_never_read_as_no_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, words: str
) -> None:
    (tmp_path / "pynvml.py").write_text(program + "\nraise SystemExit(0)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(EnvironmentNotReady, match=words):
        probe_gpus()
