"""How much memory a process takes, with those it has started; looked at seldom where somebody looks often."""

from __future__ import annotations

import os
import subprocess
import sys

import psutil
import pytest

from orchestrator.adapters import process_memory
from orchestrator.adapters.process_memory import KEPT_S, MemoryMeter, memory_bytes

GONE = 2**22 + 1  # beyond the kernel's largest pid


def test_a_process_takes_what_its_children_take_as_well() -> None:
    program = "import subprocess, sys; x = bytearray(64 << 20); subprocess.run([sys.executable, '-c', sys.argv[1]])"
    child = "x = bytearray(64 << 20); print('up', flush=True); import time; time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", program, child], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        taken = memory_bytes(parent.pid)
        for process in psutil.Process(parent.pid).children(recursive=True):
            process.kill()
        parent.kill()
    assert taken is not None
    assert taken > 128 << 20


def test_a_process_that_is_gone_takes_nothing_that_is_known() -> None:
    assert memory_bytes(GONE) is None


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The processes that the kernel was asked for; each look finds one byte more."""
    asked: list[int] = []

    def look(pid: int) -> int:
        asked.append(pid)
        return len(asked)

    monkeypatch.setattr(process_memory, "memory_bytes", look)
    return asked


def test_who_looks_every_second_is_told_what_was_found_of_late(looked_at: list[int]) -> None:
    clock = Clock()
    meter = MemoryMeter(clock)
    told = []
    for clock.now_s in (0.0, 1.0, KEPT_S - 1, KEPT_S, KEPT_S + 1):
        told.append(meter.read([7])[7])
    assert (told, looked_at) == ([1, 1, 1, 2, 2], [7, 7])


def test_a_process_that_was_not_asked_for_is_forgotten(looked_at: list[int]) -> None:
    meter = MemoryMeter(Clock())
    assert [meter.read([7]), meter.read([8]), meter.read([7])] == [{7: 1}, {8: 2}, {7: 3}]


def test_what_cannot_be_known_is_not_asked_for_again_and_again() -> None:
    meter = MemoryMeter(Clock())
    assert meter.read([GONE, os.getpid()])[GONE] is None
    assert meter.read([GONE])[GONE] is None
