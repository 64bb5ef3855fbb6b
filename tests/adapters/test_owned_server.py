"""A server that does not watch its stdin still ends with its owner, and so does all that it has started."""

from __future__ import annotations

import subprocess
import sys

import psutil
import pytest

from orchestrator.adapters.engines.ollama_own import WRAPPER

STARTS_ANOTHER = "sleep 1000 & echo up; wait"
IGNORES_BEING_ASKED = "trap '' TERM; echo up; while :; do sleep 1; done"


def start(script: str) -> subprocess.Popen[str]:
    """In a group of its own, as engines are; returns once the script has said that it is up."""
    command = [sys.executable, "-P", str(WRAPPER), "sh", "-c", script]
    started = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
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
