"""Restarts and drains by hand in a real fleet, under clients that never stop asking."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.e2e.real_fleet import RealFleet
from tests.e2e.two_replicas import fleet, whole

__all__ = ["fleet", "whole"]

pytestmark = pytest.mark.e2e


@contextmanager
def clients(fleet: RealFleet) -> Iterator[list[int]]:
    """Clients that ask all the while, half of them for streams; each answer's tokens, and an error where one fails."""
    tokens, stop = list[int](), threading.Event()
    with ThreadPoolExecutor() as pool:
        asking = [pool.submit(_keep_asking, fleet, stop, tokens, stream) for stream in (False, True, False, True)]
        try:
            fleet.until(lambda: len(tokens) > 20, "requests are answered")
            yield tokens
        finally:
            stop.set()
        for each in asking:
            each.result()


def _keep_asking(fleet: RealFleet, stop: threading.Event, tokens: list[int], stream: bool) -> None:
    client = openai.OpenAI(base_url=f"{fleet.url}/v1", api_key="none", max_retries=0, timeout=60)
    asked: dict[str, Any] = {"model": "demo", "prompt": "hello", "max_tokens": 400}
    while not stop.is_set():
        if stream:
            chunks = client.completions.create(**asked, stream=True)
            ended = [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices]
            assert ended[-1] in ("length", "stop")
            tokens.append(len(ended))
        else:
            answer = client.completions.create(**asked)
            assert answer.usage is not None
            tokens.append(answer.usage.completion_tokens)


def engines(fleet: RealFleet) -> dict[str, int]:
    """The engines' processes by replica, of those whose engine the gateway knows."""
    return {each["replica_id"]: each["engine"]["pid"] for each in fleet.engines() if each["engine"]}


def test_no_request_fails_while_all_are_restarted_one_after_the_other(fleet: RealFleet) -> None:
    before = engines(fleet)
    with clients(fleet) as tokens:
        done = fleet.qorch("restart", "--all")
        assert done.returncode == 0, done.stderr
        seen = len(tokens)
        fleet.until(lambda: len(tokens) > seen + 20, "requests are answered by the new engines")
    assert done.stderr.count("the new engine starts first: there is room for both") == 2
    after = engines(fleet)
    assert after.keys() == before.keys()
    assert not set(after.values()) & set(before.values())


def test_no_request_fails_while_one_is_drained_and_comes_back(fleet: RealFleet) -> None:
    first = next(iter(engines(fleet)))
    with clients(fleet):
        assert fleet.qorch("drain", first).returncode == 0
        status = fleet.status()
        assert (status["phase"], status["ready_replicas"]) == ("Ready", 1)
        assert "by hand: drained" in fleet.qorch("status").stdout
        last = next(name for name in engines(fleet) if name != first)
        refused = fleet.qorch("drain", last)
        assert (refused.returncode, "nothing would answer" in refused.stderr) == (4, True)
        back = fleet.qorch("restart", first)
        assert back.returncode == 0, back.stderr


def test_one_that_stood_aside_comes_back_before_the_only_one_that_answers_begins_anew(fleet: RealFleet) -> None:
    first, last = engines(fleet)
    assert fleet.qorch("drain", first).returncode == 0
    with clients(fleet):
        told = fleet.qorch("restart", first, last)
    assert told.returncode == 0, told.stderr
    assert f"{first}: the old engine goes first: it is gone already" in told.stderr


def test_a_new_engine_that_cannot_start_ends_it_and_the_old_ones_answer_on(fleet: RealFleet) -> None:
    before = engines(fleet)
    (model,) = {Path(path) for path in _open_models(before.values())}
    hidden = model.with_suffix(".hidden")
    model.rename(hidden)
    try:
        with clients(fleet):
            failed = fleet.qorch("restart", "--all")
    finally:
        hidden.rename(model)
    assert failed.returncode == 5
    assert "did not start" in failed.stderr
    assert "the old one answers as before (0 of 2 restarted)" in failed.stderr
    assert engines(fleet) == before


def test_a_command_that_is_killed_leaves_the_replica_to_end_what_it_began(fleet: RealFleet) -> None:
    first, last = engines(fleet)
    running = fleet.start("restart", first)
    assert running.stderr is not None
    told = running.stderr.readline()
    fleet.until(lambda: _engine(fleet, first)["orders_by_hand"] > 0, "the replica has been told")
    running.kill()
    running.communicate()
    assert first in told
    fleet.until(lambda: _engine(fleet, first)["task"] == "", "it has ended what it began")
    assert fleet.qorch("restart", last).returncode == 0


def test_an_engine_that_is_killed_while_it_drains_was_to_go_anyway(fleet: RealFleet) -> None:
    first = fleet.engines()[0]
    assert fleet.qorch("drain", first["replica_id"], "--no-wait").returncode == 0
    os.kill(first["engine"]["pid"], signal.SIGKILL)
    assert [fleet.complete().status_code for _ in range(20)] == [200] * 20
    fleet.until(lambda: _engine(fleet, first["replica_id"])["task"] == "drained", "it is drained")
    assert fleet.qorch("restart", first["replica_id"]).returncode == 0


def test_a_replica_that_is_killed_while_it_is_drained_is_replaced_by_one_that_answers(fleet: RealFleet) -> None:
    first = fleet.engines()[0]
    assert fleet.qorch("drain", first["replica_id"]).returncode == 0
    os.kill(first["pid"], signal.SIGKILL)
    assert [fleet.complete().status_code for _ in range(20)] == [200] * 20
    fleet.until(lambda: first["replica_id"] not in engines(fleet), "the replica is replaced")


def _engine(fleet: RealFleet, replica_id: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in fleet.engines() if each["replica_id"] == replica_id)["engine"]
    return found


def _open_models(pids: Any) -> set[str]:
    """The files of weights that these processes have mapped."""
    lines = (line for pid in pids for line in Path(f"/proc/{pid}/maps").read_text().splitlines())
    return {line.split(maxsplit=5)[5] for line in lines if line.endswith(".gguf")}
