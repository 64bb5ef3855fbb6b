"""Requests while no engine is ready, in a real fleet: they wait, are told of, and are answered."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import httpx
import openai
import pytest

from orchestrator.adapters.fleet_files import FleetFiles
from orchestrator.core.serve_config import APPLICATION, serve_config
from tests.e2e.real_fleet import RealFleet

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealFleet]:
    """A fleet whose only replica comes and goes."""
    real = RealFleet(tmp_path_factory.mktemp("home"))
    real.up()
    yield real
    real.qorch("down")


@pytest.fixture(autouse=True)
def ready(one: RealFleet) -> None:
    one.until_ready()


class Scaler:
    """Scales a fleet as a scaler outside of Ray Serve does, which may ask for no replica at all."""

    def __init__(self, fleet: RealFleet) -> None:
        files = FleetFiles(fleet.home / "state", fleet.name)
        record = files.read()
        assert record is not None
        assert record.deployed is not None
        token = files.ray_token_path.read_text().strip()
        self._web = httpx.Client(
            base_url=f"http://127.0.0.1:{record.dashboard_port}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
        )
        self._variant = record.deployed.variants[0].name
        variants = tuple(replace(each, bounds=None) for each in record.deployed.variants)
        config = serve_config(replace(record.deployed, variants=variants, scaling=None))
        config["applications"][0]["external_scaler_enabled"] = True  # which Serve takes only without a policy
        self._web.put("/api/serve/applications/", json=config).raise_for_status()

    def scale(self, num_replicas: int) -> None:
        path = f"/api/v1/applications/{APPLICATION}/deployments/{self._variant}/scale"
        self._web.post(path, json={"target_num_replicas": num_replicas}).raise_for_status()


def ask(fleet: RealFleet, stream: bool) -> str:
    client = openai.OpenAI(base_url=f"{fleet.url}/v1", api_key="none", max_retries=0, timeout=60)
    if not stream:
        return client.completions.create(model="demo", prompt="hello", max_tokens=4).choices[0].text
    chunks = client.completions.create(model="demo", prompt="hello", max_tokens=4, stream=True)
    return "".join(chunk.choices[0].text for chunk in chunks if chunk.choices)


def answers(fleet: RealFleet) -> bool:
    return httpx.get(f"{fleet.url}/ready", timeout=10).status_code == 200


def held(fleet: RealFleet, requests: int) -> dict[str, Any]:
    """What `status` tells, once so many are held."""
    told: list[dict[str, Any]] = []

    def so() -> bool:
        told.append(fleet.status()["held"] or {"requests": 0})
        return bool(told[-1]["requests"] == requests)

    fleet.until(so, f"{requests} are held")
    return told[-1]


def test_a_fleet_scaled_to_zero_holds_requests_says_so_and_answers_them_when_it_is_back(one: RealFleet) -> None:
    scaler = Scaler(one)
    one.until_ready()
    scaler.scale(0)
    one.until(lambda: not answers(one) and one.status()["target_num_replicas"] == 0, "no replica is left")
    with ThreadPoolExecutor() as pool:
        asked = [pool.submit(ask, one, stream) for stream in (False, True)]
        told = held(one, 2)
        assert told["reason"] == "scaled to zero"
        assert 0 <= time.time() - told["oldest_since_s"] < 20
        assert "requests held: 2, the oldest for " in one.qorch("status").stdout
        assert not answers(one)
        refused = one.complete(max_tokens=10_000_000)
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "context_length_exceeded")
        scaler.scale(1)
        assert all(each.result() for each in asked)
    assert one.status()["held"] is None
    assert "held" not in one.qorch("status").stdout


@pytest.mark.parametrize("which", ["engine", "replica"])
def test_no_request_fails_while_the_only_replica_is_killed_and_replaced(one: RealFleet, which: str) -> None:
    (victim,) = one.engines()
    statuses, stop = list[int](), threading.Event()
    with ThreadPoolExecutor() as pool:
        asking = [pool.submit(_keep_asking, one, stop, statuses.append) for _ in range(3)]
        one.until(lambda: len(statuses) > 20, "requests are answered")
        os.kill(victim["engine"]["pid"] if which == "engine" else victim["pid"], signal.SIGKILL)
        one.until(lambda: _replaced(one, victim), "it is replaced")
        one.until_ready()
        stop.set()
        _ended(asking)
    assert set(statuses) == {200}


def _keep_asking(fleet: RealFleet, stop: threading.Event, tell: Callable[[int], None]) -> None:
    while not stop.is_set():
        tell(fleet.complete(max_tokens=32).status_code)


def _replaced(fleet: RealFleet, victim: dict[str, Any]) -> bool:
    return victim["replica_id"] not in {replica["replica_id"] for replica in fleet.engines()}


def _ended(tasks: list[Future[None]]) -> None:
    for task in tasks:
        task.result()
