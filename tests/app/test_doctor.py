"""What `doctor` calls well, what it warns of, and what it names as missing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.app.doctor import GIB, Check, host_checks, limit_checks, place_check, require_healthy
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.host_limits import HostLimits
from orchestrator.core.inventory import GpuDriver, GpuProcess, Inventory
from tests.core.machines import A100_80, gpu, machine, with_gpus


def named(inventory: Inventory) -> dict[str, Check]:
    return {check.name: check for check in host_checks(inventory)}


def test_a_machine_without_a_gpu_is_well_and_says_why_there_is_none() -> None:
    check = named(machine())["gpu"]
    assert check.ok
    assert check.found == "no GPU: there is no NVIDIA driver"


def test_a_gpu_that_does_not_answer_is_a_warning_and_the_others_are_well() -> None:
    lost = replace(gpu(1, *A100_80), error="GPU is lost")
    checks = named(with_gpus(machine(A100_80), gpu(0, *A100_80), lost))
    assert checks["gpu 0"].ok
    assert (checks["gpu 1"].ok, checks["gpu 1"].required, checks["gpu 1"].found) == (False, False, "GPU is lost")


def test_a_gpu_says_what_is_free_and_who_holds_the_rest() -> None:
    busy = replace(gpu(0, *A100_80, free_gib=10), processes=(GpuProcess(4711, 70 * GIB, "alice", "python"),))
    check = named(with_gpus(machine(A100_80), busy))["gpu 0"]
    held = "pid 4711 (python of alice) holds 70.0 GiB"
    assert (check.ok, check.found) == (True, f"NVIDIA A100-SXM4-80GB, 10.0 GiB of 80.0 GiB free: {held}")


def test_a_hidden_gpu_is_well_and_says_so() -> None:
    check = named(with_gpus(machine(A100_80), replace(gpu(0, *A100_80), hidden="hidden by it")))["gpu 0"]
    assert (check.ok, check.found) == (True, "hidden by it")


@pytest.mark.parametrize(("cuda", "ok"), [("13.0", True), ("12.4", True), ("11.8", False)])
def test_a_driver_that_runs_none_of_the_engines_builds_is_a_warning(cuda: str, ok: bool) -> None:
    check = named(replace(machine(A100_80), driver=GpuDriver("520.1", cuda)))["driver"]
    assert (check.ok, check.required, cuda in check.found) == (ok, False, True)
    assert ok or check.needed == "a driver for CUDA 12 (525 or newer)"


@pytest.mark.parametrize(
    ("gpus", "names"), [((A100_80, A100_80), ["/dev/shm", "open files"]), ((A100_80,), ["open files"]), ((), [])]
)
def test_low_limits_of_the_host_are_warnings_where_gpus_need_more(gpus: tuple[Any, ...], names: list[str]) -> None:
    checks = limit_checks(machine(*gpus), HostLimits(shm_free_bytes=0, open_files=1024))
    assert [check.name for check in checks] == names
    assert not any(check.ok or check.required or not check.hint for check in checks)


def test_generous_limits_are_not_mentioned() -> None:
    assert limit_checks(machine(A100_80, A100_80), HostLimits(None, None)) == ()


@pytest.mark.parametrize("name", ["memory", "disk"])
def test_too_little_of_what_a_fleet_needs_says_what_is_there_and_what_is_needed(name: str) -> None:
    poor = machine()
    poor = replace(poor, host=replace(poor.host, memory_available_bytes=GIB, disk_free_bytes=GIB))
    check = named(poor)[name]
    assert not check.ok
    assert (check.found, check.needed) == ("1.0 GiB available", "at least 2 GiB")
    assert check.hint


def test_a_folder_that_does_not_exist_yet_is_judged_by_the_one_above(tmp_path: Path) -> None:
    assert place_check("state", tmp_path / "not" / "yet").ok
    (tmp_path / "file").write_text("")
    (tmp_path / "file").chmod(0o700)
    in_the_way = place_check("state", tmp_path / "file" / "state")
    assert not in_the_way.ok
    assert in_the_way.hint == f"ls -ld {tmp_path / 'file'}"


def test_a_folder_that_cannot_be_written_is_not_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestrator.app.doctor.os.access", lambda *_: False)  # root may write everywhere
    assert not place_check("cache", tmp_path).ok


def test_every_required_thing_that_is_missing_is_named_and_warnings_are_not() -> None:
    checks = (
        Check("cpu", True, "8 cores"),
        Check("hub", False, "no route", required=False),
        Check("memory", False, "1 GiB", hint="free -h"),
        Check("disk", False, "1 GiB", hint="df -h"),
    )
    with pytest.raises(EnvironmentNotReady, match=r"memory, disk$") as raised:
        require_healthy(checks)
    assert raised.value.hint == "free -h"
    require_healthy(checks[:2])
