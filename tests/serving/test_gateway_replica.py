"""The gateway as Ray Serve runs it: what it sees of the variants, what it tells an autoscaler, and how it ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from ray.serve.exceptions import DeploymentUnavailableError

from orchestrator.core.deployment import GatewaySpec, gateway_spec_from_data
from orchestrator.core.scaling.told import ScalingTold
from orchestrator.serving import gateway_replica
from orchestrator.serving.gateway_replica import GatewayReplica
from orchestrator.serving.replica_status import ReplicaStatus, status_data
from tests.serving.conftest import DEMO, replica
from tests.serving.raw import chat, connect, post, read_all, statuses, wait_until

pytestmark = pytest.mark.anyio


class Handle:
    """A variant whose replicas Ray Serve knows, or an error in their place."""

    def __init__(self, name: str, seen: list[ReplicaStatus] | Exception) -> None:
        self.deployment_name, self.seen = name, seen

    def broadcast(self, method: str) -> Handle:
        return self

    async def results_async(self, timeout_s: float, return_exceptions: bool) -> list[dict[str, Any]]:
        if isinstance(self.seen, Exception):
            raise self.seen
        return [status_data(status) for status in self.seen]


Make = Callable[..., GatewayReplica]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Makes gateways before these variants, and ends them."""
    made: list[GatewayReplica] = []
    (tmp_path / "token").write_text("admin")
    spec = GatewaySpec(
        "127.0.0.1", 0, ("demo",), 2048, str(tmp_path / "keys.json"), False, str(tmp_path / "token"), 1, (DEMO,)
    )  # fmt: skip
    monkeypatch.setattr(gateway_replica, "bind_to_node", lambda: None)
    monkeypatch.setattr(gateway_replica, "LOOK_PERIOD_S", 0.02)

    def start(*handles: Handle) -> GatewayReplica:
        made.append(GatewayReplica(asdict(spec), False, *handles))  # type: ignore[arg-type]
        return made[-1]

    yield start
    for each in made:
        each._looker.cancel()
        each.__del__()


def known(made: GatewayReplica) -> set[str]:
    return {engine.status.replica_id for engine in made._table.engines}


async def until(so: Callable[[], bool]) -> None:
    async with asyncio.timeout(2):
        while not so():
            await asyncio.sleep(0.01)


async def test_its_metrics_tell_what_the_policy_told_last(make: Make, told: ScalingTold) -> None:
    made = make()
    assert b"qorch_scaling" not in made._service.metrics.text()
    made._news.told = told
    assert b'qorch_scaling_desired_replicas{variant="demo"} 3.0' in made._service.metrics.text()


async def test_a_variant_without_replicas_has_none_and_hides_no_other(make: Make) -> None:
    a = Handle("a", [replace(replica("a1", 1), deployment="a")])
    b = Handle("b", [replace(replica("b1", 1), deployment="b")])
    made = make(a, b)
    await until(lambda: known(made) == {"a1", "b1"})
    a.seen = DeploymentUnavailableError(None)  # type: ignore[arg-type]
    b.seen = [replace(replica("b2", 1), deployment="b")]
    await until(lambda: known(made) == {"b2"})


async def test_of_a_variant_that_cannot_be_seen_the_last_view_stands_as_it_was(make: Make) -> None:
    a = Handle("a", [replace(replica("a1", 1), deployment="a")])
    b = Handle("b", [])
    made = make(a, b)
    await until(lambda: known(made) == {"a1"})
    a.seen = TimeoutError()
    await asyncio.sleep(0.1)
    made._table.engines[0].reachable = False
    b.seen = [replace(replica("b1", 1), deployment="b")]
    await until(lambda: known(made) == {"a1", "b1"})
    await asyncio.sleep(0.1)
    assert [engine.reachable for engine in made._table.engines if engine.status.replica_id == "a1"] == [False]


async def test_what_waits_is_told_to_an_autoscaler_and_sent_away_when_the_gateway_ends(make: Make) -> None:
    made = make(Handle("a", []))
    assert set(made.record_autoscaling_stats().values()) == {0.0}
    with connect(made._server.port) as client:
        client.sendall(post(chat()))
        await asyncio.to_thread(wait_until, lambda: made.record_autoscaling_stats()["held_requests"] == 1.0)
        ending = asyncio.create_task(asyncio.to_thread(made.__del__))
        assert statuses(await asyncio.to_thread(read_all, client)) == [503]
        await asyncio.wait_for(ending, 2)


async def test_a_look_token_comes_changes_and_goes_with_its_file(make: Make, tmp_path: Path) -> None:
    made, file = make(Handle("a", [])), tmp_path / "look-token"

    async def looks(token: str) -> int:
        async with httpx.AsyncClient(headers={"authorization": f"Bearer {token}"}) as client:
            return (await client.get(f"http://127.0.0.1:{made._server.port}/qorch/v1/look")).status_code

    assert [await looks(token) for token in ("admin", "one", "two")] == [200, 401, 401]
    file.write_text("one\n")
    assert [await looks(token) for token in ("admin", "one", "two")] == [200, 200, 401]
    file.write_text("two")
    assert [await looks(token) for token in ("admin", "one", "two")] == [200, 401, 200]
    file.unlink()
    assert [await looks(token) for token in ("admin", "one", "two")] == [200, 401, 401]
    file.write_text("")
    assert [await looks(token) for token in ("admin", "one", "two")] == [200, 401, 401]


def test_what_a_plan_expects_of_a_start_travels_as_json() -> None:
    spec = GatewaySpec("127.0.0.1", 0, ("demo",), 1, "", False, "", 1, (DEMO,), cold_start_s={"demo": 12.5})
    assert gateway_spec_from_data(json.loads(json.dumps(asdict(spec)))) == spec
