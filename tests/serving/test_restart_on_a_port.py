"""A pod's engine listens on a port that is given: its successor has to get the same one at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from orchestrator.adapters.ports import free_ports
from orchestrator.core.by_hand import ReplicaOrder, Verb
from orchestrator.core.engine_spec import EngineSpec
from orchestrator.serving.engine_place import EnginePlace
from orchestrator.serving.own_engine import OwnEngine
from tests.serving.test_engine_place import until

pytestmark = pytest.mark.anyio


async def completed(url: str) -> int:
    async with httpx.AsyncClient() as client:
        return (await client.post(f"{url}/v1/completions", json={"prompt": "hello", "max_tokens": 2})).status_code


async def test_the_new_engine_listens_where_the_old_one_did(spec: EngineSpec, tmp_path: Path) -> None:
    on_port = replace(spec, port=free_ports(1)[0])

    async def start() -> OwnEngine:
        return await OwnEngine.started(on_port, tmp_path / "engine.log")

    place = EnginePlace(await start(), start)
    url = f"http://127.0.0.1:{on_port.port}"
    async with httpx.AsyncClient() as kept:  # its connection is closed by the engine, which then has to wait for it
        await kept.get(f"{url}/health")
        assert await completed(url) == 200
        place.obey(ReplicaOrder("a", Verb.RESTART, drain_s=5.0))
        await until(lambda: place.restarts == 1 or bool(place.trouble), patience_s=30)
    assert (place.restarts, place.trouble, place.engine.engine.port) == (1, "", on_port.port)
    assert await completed(url) == 200
    await place.close()
