"""GPUs that are watched, with the real pynvml over a stand-in library: streams, hangs, crashes and absent drivers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from orchestrator.adapters import gpu_watch
from orchestrator.adapters.gpu_watch import GpuWatch
from tests.adapters.nvml_fixtures import library, nvml
from tests.adapters.nvml_stand_in import A100, A6000, NvmlStandIn

__all__ = ["library", "nvml"]

EVERY_S, PATIENCE_S, RETRY_S = 0.02, 2.0, 0.2
GIVE_UP_S = 20.0


@pytest.fixture
def watch(nvml: NvmlStandIn) -> Iterator[GpuWatch]:
    """One that is patient enough for a child to start, and leaves nothing behind."""
    before = set(nvml.processes())
    made = GpuWatch(EVERY_S, patience_s=PATIENCE_S, retry_s=RETRY_S)
    yield made
    made.close()
    _until(lambda: not _followers())
    assert set(nvml.processes()) <= before


def _followers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "qorch-gpus"]


def _until(met: Callable[[], object]) -> None:
    due_s = time.monotonic() + GIVE_UP_S
    while not met():
        assert time.monotonic() < due_s
        time.sleep(0.005)


def names(watch: GpuWatch) -> list[object]:
    return [gpu.name for gpu in watch.read()]


def test_before_a_driver_has_answered_nothing_is_said(nvml: NvmlStandIn, watch: GpuWatch) -> None:
    nvml.answer(A100)
    assert (watch.read(), watch.asked, watch.error) == ((), False, None)


def test_what_changes_is_seen_without_another_child(nvml: NvmlStandIn, watch: GpuWatch) -> None:
    nvml.answer(A100)
    _until(lambda: names(watch) == ["NVIDIA A100-SXM4-80GB"])
    (child,) = nvml.processes()
    nvml.answer(A100 | {"utilization": 99}, A6000)
    _until(lambda: len(watch.read()) == 2)
    assert watch.read()[0].utilization_percent == 99
    assert (nvml.processes(), watch.asked, watch.error) == ([child], True, None)


def test_a_pause_longer_than_the_childs_own_limit_is_no_hang(
    nvml: NvmlStandIn, watch: GpuWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu_watch, "TIMEOUT_S", 1.0)
    slow = GpuWatch(1.5, patience_s=PATIENCE_S, retry_s=RETRY_S)
    nvml.answer(A100)
    _until(lambda: slow.read())
    nvml.answer(A100, A6000)
    _until(lambda: len(slow.read()) == 2 or slow.error)
    slow.close()
    assert slow.error is None


def test_a_driver_that_hangs_leaves_what_was_read_last_and_says_so(nvml: NvmlStandIn, watch: GpuWatch) -> None:
    nvml.answer(A100)
    _until(lambda: watch.read())
    nvml.answer(A100, hang="name")
    _until(lambda: watch.read() and watch.error)
    assert watch.error == "NVML has not answered for 2.02 s"
    assert names(watch) == ["NVIDIA A100-SXM4-80GB"]


def test_a_driver_that_answers_again_is_watched_again(nvml: NvmlStandIn, watch: GpuWatch) -> None:
    nvml.answer(A100, hang="name")
    _until(lambda: watch.read() or watch.error)
    nvml.answer(A6000)
    _until(lambda: names(watch) == ["NVIDIA RTX A6000"])
    assert watch.error is None


def test_a_hang_is_never_waited_for(nvml: NvmlStandIn, watch: GpuWatch) -> None:
    nvml.answer(A100, hang="count")
    longest_s = 0.0
    while watch.error is None:
        began_s = time.monotonic()
        watch.read()
        longest_s = max(longest_s, time.monotonic() - began_s)
        time.sleep(0.005)
    assert longest_s < PATIENCE_S / 2


@pytest.mark.parametrize(
    ("fault", "said"),
    [({"crash": "name"}, "was ended by SIGSEGV"), ({"init": 18}, "the old one is still loaded")],
)
def test_a_driver_that_breaks_is_told_with_its_reason_and_tried_again(
    nvml: NvmlStandIn, watch: GpuWatch, fault: dict[str, object], said: str
) -> None:
    nvml.answer(A100)
    _until(lambda: watch.read())
    nvml.answer(A100, **fault)
    _until(lambda: watch.read() and watch.error)
    assert said in str(watch.error)
    assert names(watch) == ["NVIDIA A100-SXM4-80GB"]
    nvml.answer(A6000)
    _until(lambda: names(watch) == ["NVIDIA RTX A6000"])


def test_a_host_without_a_driver_is_asked_once_and_shows_no_source(nvml: NvmlStandIn, watch: GpuWatch) -> None:
    nvml.answer(init=9)
    watch.read()
    _until(lambda: not _followers())
    time.sleep(2 * RETRY_S)
    assert (watch.read(), watch.asked, watch.error) == ((), False, None)
    assert not _followers()


def test_what_makes_no_sense_is_told(nvml: NvmlStandIn, watch: GpuWatch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_watch, "start", lambda *_: gpu_watch.subprocess.Popen(
        ["echo", "[{}, 5]"], stdout=-1, stderr=-1, encoding="utf-8", start_new_session=True
    ))  # fmt: skip
    _until(lambda: watch.read() or watch.error)
    assert "gave no readable answer" in str(watch.error)
