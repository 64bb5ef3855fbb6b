"""Only a fleet's own processes are found and ended, whatever they do about it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from orchestrator.adapters import owned_processes
from orchestrator.adapters.owned_processes import MARK, Owner
from orchestrator.core.errors import EnvironmentNotReady

SLEEP = "import time; print('up', flush=True); time.sleep(60)"
STUBBORN_PARENT = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""
RISES_AGAIN = """
import signal, subprocess, sys, time
def again(*_):
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    sys.exit()
signal.signal(signal.SIGTERM, again)
print("up", flush=True)
time.sleep(60)
"""
WRITES = "import sys, time; log = open(sys.argv[1], 'w'); print('up', flush=True); time.sleep(60)"
READS = "import sys, time; log = open(sys.argv[1]); print('up', flush=True); time.sleep(60)"
ENDS_ALL = """
import sys
from pathlib import Path
from orchestrator.adapters.owned_processes import Owner
print(Owner(sys.argv[1], Path(sys.argv[2])).end_all())
"""

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def owner(tmp_path: Path) -> Owner:
    (tmp_path / "ray").mkdir()
    return Owner(f"{tmp_path}/state/mine", tmp_path / "ray")


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts Python with these environment variables and waits for its first line; all are killed in the end."""
    started: list[subprocess.Popen[str]] = []

    def starting(code: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", code, *arguments]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield starting
    for process in started:
        process.kill()
        process.communicate()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def lives(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_marked_processes_are_ended_and_nobody_elses_are(owner: Owner, start: Start) -> None:
    mine = [start(SLEEP, **{MARK: owner.mark}) for _ in range(2)]
    others = [start(SLEEP, **{MARK: f"{owner.mark}-other"}), start(SLEEP, **os.environ), start(SLEEP)]
    for process in (*mine, *others):
        first_line(process)
    assert {process.pid for process in owner.processes()} == {process.pid for process in mine}
    assert owner.end_all() == 2
    assert [lives(process.pid) for process in mine] == [False, False]
    assert all(lives(process.pid) for process in others)


def test_one_that_ignores_being_asked_is_killed_with_its_children(owner: Owner, start: Start) -> None:
    parent = start(STUBBORN_PARENT, **{MARK: owner.mark})
    child_pid = int(first_line(parent))
    assert owner.end_all() == 2
    assert not lives(parent.pid)
    assert not lives(child_pid)


def test_one_that_starts_another_when_it_ends_is_followed(owner: Owner, start: Start) -> None:
    first_line(start(RISES_AGAIN, **{MARK: owner.mark}))
    assert owner.end_all() == 2
    assert owner.processes() == []


def test_one_that_wrote_over_its_environment_is_told_by_what_it_writes(owner: Owner, start: Start) -> None:
    agent = start(WRITES, str(owner.folder / "agent.log"))
    first_line(agent)
    assert [process.pid for process in owner.processes()] == [agent.pid]


def test_one_that_only_reads_there_or_has_an_environment_of_its_own_is_somebody_elses(
    owner: Owner, start: Start, tmp_path: Path
) -> None:
    log = owner.folder / "agent.log"
    log.write_text("")
    for process in (start(READS, str(log)), start(WRITES, str(log), **os.environ), start(WRITES, f"{tmp_path}/x")):
        first_line(process)
    assert owner.processes() == []


def test_a_command_that_carries_the_mark_does_not_end_itself(owner: Owner, start: Start) -> None:
    first_line(start(SLEEP, **{MARK: owner.mark}))
    command = start(ENDS_ALL, owner.mark, str(owner.folder), **{**os.environ, MARK: owner.mark})
    assert first_line(command) == "1"
    assert command.wait(timeout=10) == 0


def test_where_there_are_none_nothing_is_ended(owner: Owner) -> None:
    started_s = time.monotonic()
    assert owner.end_all() == 0
    assert time.monotonic() - started_s < 5


def test_one_that_has_ended_but_was_not_collected_does_not_count(owner: Owner, start: Start) -> None:
    ended = start("", **{MARK: owner.mark})
    while lives(ended.pid):
        time.sleep(0.01)
    assert owner.processes() == []


def test_one_that_cannot_be_killed_is_named_and_not_waited_for_for_ever(
    owner: Owner, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = start(SLEEP, **{MARK: owner.mark})
    first_line(process)
    for name, value in (("END_TIMEOUT_S", 0.2), ("TERM_GRACE_S", 0.05), ("_signal", lambda _: None)):
        monkeypatch.setattr(owned_processes, name, value)
    with pytest.raises(EnvironmentNotReady, match=f"cannot be ended: {process.pid}") as raised:
        owner.end_all()
    assert raised.value.hint is not None
    assert str(process.pid) in raised.value.hint
