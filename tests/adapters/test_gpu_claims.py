"""Claims on GPUs, among real processes that are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.adapters.gpu_claims import Claim, Holder, claim, holders

REPLICA = """
import subprocess, sys
from pathlib import Path
from orchestrator.adapters.gpu_claims import claim
folder, engine, *devices = sys.argv[1:]
won = claim([devices], Path(folder), "theirs")
assert won, "taken"
child = subprocess.Popen(["sleep", "60"], pass_fds=won.fds) if engine == "with-engine" else None
print(child.pid if child else 0, flush=True)
sys.stdin.read()
"""  # prints its engine's pid once it has the devices


class Replica:
    """A process that has claimed devices, and perhaps started an engine that inherited the claim."""

    def __init__(self, folder: Path, *devices: str, engine: bool) -> None:
        kind = "with-engine" if engine else "alone"
        self.process = subprocess.Popen(
            [sys.executable, "-c", REPLICA, str(folder), kind, *devices],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.engine_pid = int(self.process.stdout.readline())

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def kill_engine(self) -> None:
        os.kill(self.engine_pid, signal.SIGKILL)

    def end_all(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)


@contextmanager
def replica(folder: Path, *devices: str, engine: bool = False) -> Iterator[Replica]:
    started = Replica(folder, *devices, engine=engine)
    try:
        yield started
    finally:
        started.end_all()


def eventually_claimed(device: str, folder: Path) -> Claim:
    """The kernel takes a moment to close what a killed process had open."""
    for _ in range(500):
        if won := claim([[device]], folder, "ours"):
            return won
        time.sleep(0.01)
    raise AssertionError(f"{device} was never freed")


def test_the_first_set_that_is_free_is_taken(tmp_path: Path) -> None:
    first, second = claim([["A"], ["B"]], tmp_path, "ours"), claim([["A"], ["B"]], tmp_path, "ours")
    assert (first and first.devices, second and second.devices) == (("A",), ("B",))
    assert claim([["A"], ["B"]], tmp_path, "ours") is None


def test_a_set_of_which_one_device_is_taken_is_not_taken_in_part(tmp_path: Path) -> None:
    with replica(tmp_path, "B"):
        assert claim([["A", "B"], ["B", "C"]], tmp_path, "ours") is None
        overlapping = claim([["A", "B"], ["A", "C"]], tmp_path, "ours")
        assert overlapping is not None
        assert overlapping.devices == ("A", "C")


def test_a_released_claim_is_free_at_once(tmp_path: Path) -> None:
    won = claim([["A", "B"]], tmp_path, "ours")
    assert won is not None
    won.release()
    assert claim([["B", "A"]], tmp_path, "ours") is not None


def test_a_killed_replica_frees_its_devices(tmp_path: Path) -> None:
    with replica(tmp_path, "A") as one:
        assert claim([["A"]], tmp_path, "ours") is None
        one.kill()
        eventually_claimed("A", tmp_path)


def test_a_killed_replica_whose_engine_lives_frees_nothing_until_the_engine_is_gone_too(tmp_path: Path) -> None:
    with replica(tmp_path, "A", "B", engine=True) as one:
        one.kill()
        assert claim([["A"], ["B"]], tmp_path, "ours") is None
        one.kill_engine()
        eventually_claimed("A", tmp_path)
        eventually_claimed("B", tmp_path)


def test_releasing_does_not_take_the_devices_from_an_engine_that_still_runs(tmp_path: Path) -> None:
    won = claim([["A"]], tmp_path, "ours")
    assert won is not None
    engine = subprocess.Popen(["sleep", "60"], pass_fds=won.fds)
    try:
        won.release()
        assert claim([["A"]], tmp_path, "ours") is None
    finally:
        engine.kill()
        engine.wait(10)
    eventually_claimed("A", tmp_path)


def test_a_child_that_was_not_given_the_claim_does_not_hold_it(tmp_path: Path) -> None:
    won = claim([["A"]], tmp_path, "ours")
    assert won is not None
    bystander = subprocess.Popen(["sleep", "60"], close_fds=False)
    try:
        won.release()
        assert claim([["A"]], tmp_path, "ours") is not None
    finally:
        bystander.kill()
        bystander.wait(10)


def test_who_holds_a_device_is_told_by_pid_and_fleet(tmp_path: Path) -> None:
    with replica(tmp_path, "B") as other:
        claim([["A"]], tmp_path, "a longer name than theirs")
        told = holders(["A", "B", "C"], tmp_path)
        pid = other.process.pid
        assert told == (Holder("A", os.getpid(), "a longer name than theirs"), Holder("B", pid, "theirs"))
        assert str(told[1]) == f"B is held by the fleet 'theirs' (claimed by pid {pid})"


def test_a_new_holders_note_replaces_a_longer_one(tmp_path: Path) -> None:
    won = claim([["A"]], tmp_path, "a-long-name")
    assert won is not None
    won.release()
    with replica(tmp_path, "A") as other:
        assert holders(["A"], tmp_path) == (Holder("A", other.process.pid, "theirs"),)


def test_a_slice_as_old_drivers_name_it_is_one_device(tmp_path: Path) -> None:
    assert claim([["MIG-GPU-1/1/0"]], tmp_path, "ours") is not None
    assert claim([["MIG-GPU-1/1/0"]], tmp_path, "ours") is None
    assert claim([["MIG-GPU-1/2/0"]], tmp_path, "ours") is not None


def test_a_link_in_place_of_a_devices_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("precious")
    (tmp_path / "A").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        claim([["A"]], tmp_path, "ours")
    assert (tmp_path / "elsewhere").read_text() == "precious"


SETS = st.lists(st.lists(st.sampled_from("ABCDE"), min_size=1, max_size=3, unique=True), max_size=6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(sets=SETS, claims=st.integers(1, 6))
def test_no_device_is_ever_given_twice(tmp_path: Path, sets: list[list[str]], claims: int) -> None:
    with ExitStack() as stack:
        taken: set[str] = set()
        for _ in range(claims):
            won = claim(sets, tmp_path, "ours")
            expected = next((tuple(one) for one in sets if taken.isdisjoint(one)), None)
            assert (won and won.devices) == expected
            if won:
                stack.callback(won.release)
                taken.update(won.devices)
