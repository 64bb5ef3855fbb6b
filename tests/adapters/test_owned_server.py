"""A server that does not watch its stdin still ends with its owner, and so does all that it has started."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from orchestrator.adapters.engines.process import owned
from orchestrator.adapters.gpu_claims import claim, holders

STARTS_ANOTHER = "sleep 1000 & echo up; wait"
IGNORES_BEING_ASKED = "trap '' TERM; echo up; while :; do sleep 1; done"


def start(script: str, fds: Sequence[int] = ()) -> subprocess.Popen[str]:
    """In a group of its own, as engines are; returns once the script has said that it is up."""
    started = subprocess.Popen(
        owned(["sh", "-c", script]),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        pass_fds=fds,
    )
    assert started.stdout is not None
    assert started.stdout.readline() == "up\n"
    return started


@pytest.mark.parametrize("script", [STARTS_ANOTHER, IGNORES_BEING_ASKED])
def test_nothing_of_the_group_is_left_when_the_owner_goes(script: str) -> None:
    with start(script) as wrapper:
        family = psutil.Process(wrapper.pid).children(recursive=True)
        assert wrapper.stdin is not None
        wrapper.stdin.close()
        assert not psutil.wait_procs(family, timeout=15)[1]


@pytest.mark.parametrize(("script", "status"), [("echo up; exit 3", 3), ("echo up; kill -9 $$", -9)])
def test_the_owner_learns_how_the_server_ended(script: str, status: int) -> None:
    with start(script) as wrapper:
        assert wrapper.wait(timeout=10) == status


def test_what_a_server_leaves_is_ended_before_its_owner_learns_of_it() -> None:
    with start("sleep 1000 & echo up; wait") as wrapper:
        server, left = psutil.Process(wrapper.pid).children(recursive=True)
        server.kill()
        assert wrapper.wait(timeout=10) == -9
        assert not left.is_running()


def test_a_server_is_asked_to_end_when_what_watches_it_is_killed_with_the_owner() -> None:
    with start("trap 'echo asked; exit' TERM; echo up; while :; do sleep 0.1; done") as wrapper:
        wrapper.kill()
        assert wrapper.stdout is not None
        assert wrapper.stdout.readline() == "asked\n"


def test_a_lock_that_was_inherited_is_held_as_long_as_the_server_lives(tmp_path: Path) -> None:
    claimed = claim([["GPU-one"]], tmp_path, "mine")
    assert claimed is not None
    with start("trap '' TERM; echo up; exec sleep 1000", claimed.fds) as wrapper:
        claimed.release()
        server = psutil.Process(wrapper.pid).children()[0]
        wrapper.kill()
        wrapper.wait()
        assert [holder.device for holder in holders(["GPU-one"], tmp_path)] == ["GPU-one"]
        server.kill()
        psutil.wait_procs([server], timeout=10)
    assert holders(["GPU-one"], tmp_path) == ()
