"""kill -9 of each part of a fleet: what clients see, what `status` says, and how it heals."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

import httpx
import psutil
import pytest

from tests.e2e.real_fleet import RealFleet
from tests.e2e.two_replicas import fleet, whole

__all__ = ["fleet", "whole"]

pytestmark = pytest.mark.e2e


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def events(fleet: RealFleet, after_first: Any) -> list[str]:
    """The events of a long stream; `after_first` is called with the replica's id when the first is there."""
    body = {"model": "demo", "prompt": "hello", "max_tokens": 30_000, "stream": True}
    with httpx.stream("POST", f"{fleet.url}/v1/completions", json=body, timeout=60) as answer:
        seen = []
        for line in answer.iter_lines():
            if line.startswith("data: "):
                seen.append(line[6:])
                if len(seen) == 1:
                    after_first(answer.headers["x-qorch-replica"])
        return seen


def test_an_engine_killed_mid_stream_ends_the_stream_with_a_typed_error(fleet: RealFleet) -> None:
    pids = {replica["replica_id"]: replica["engine"]["pid"] for replica in fleet.engines()}
    seen = events(fleet, lambda replica_id: kill(pids[replica_id]))
    assert seen[-1] == "[DONE]"
    assert json.loads(seen[-2])["error"]["code"] == "engine_died"


def test_requests_go_on_elsewhere_while_a_killed_engine_is_replaced(fleet: RealFleet) -> None:
    before = {replica["replica_id"] for replica in fleet.engines()}
    kill(fleet.engines()[0]["engine"]["pid"])
    assert [fleet.complete().status_code for _ in range(50)] == [200] * 50
    fleet.until(lambda: {r["replica_id"] for r in fleet.engines()} != before, "the replica is replaced")


def test_a_killed_engine_is_told_by_status_and_its_log_is_kept(fleet: RealFleet) -> None:
    victim = fleet.engines()[0]
    kill(victim["engine"]["pid"])
    fleet.until(lambda: fleet.status()["phase"] == "Degraded", "status says that a replica is missing")
    fleet.until_ready()
    assert "llama" in fleet.qorch("logs", victim["replica_id"]).stdout


def test_a_killed_replica_takes_its_engine_along_and_is_replaced(fleet: RealFleet) -> None:
    victim = fleet.engines()[0]
    kill(victim["pid"])
    assert [fleet.complete().status_code for _ in range(50)] == [200] * 50
    fleet.until(lambda: not psutil.pid_exists(victim["engine"]["pid"]), "no engine is left behind")


def test_a_killed_controller_fails_no_request_and_comes_back(fleet: RealFleet) -> None:
    controllers = [p for p in fleet.processes() if "ServeController" in " ".join(p.cmdline())]
    assert len(controllers) == 1
    controllers[0].kill()
    assert [fleet.complete().status_code for _ in range(100)] == [200] * 100
    fleet.until(lambda: fleet.status()["conditions"][0]["status"], "the controller answers again")


def test_a_killed_gateway_comes_back_on_the_same_port(fleet: RealFleet) -> None:
    gateway = next(replica for replica in fleet.status()["replicas"] if replica["deployment"] == "gateway")
    kill(gateway["pid"])
    fleet.until(lambda: fleet.status()["phase"] != "Ready", "status does not call it ready")
    fleet.until_ready()
    assert fleet.complete().status_code == 200
