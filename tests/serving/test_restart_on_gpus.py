"""Restarts of a real engine whose replica has GPUs of its own, on a stand-in for the driver's library."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from orchestrator.adapters.gpu_claims import holders
from orchestrator.core.by_hand import ReplicaOrder, Task, Verb
from orchestrator.core.engine_spec import EngineSpec
from orchestrator.serving.engine_place import EnginePlace
from orchestrator.serving.own_engine import OwnEngine
from tests.adapters.nvml_stand_in import NvmlStandIn
from tests.serving.test_engine_place import idle, until
from tests.serving.test_gpu_place import ONE, TWO, nvml, on_gpus

__all__ = ["nvml", "on_gpus"]
pytestmark = pytest.mark.anyio


@pytest.fixture
async def place(nvml: NvmlStandIn, on_gpus: EngineSpec, tmp_path: Path) -> AsyncIterator[EnginePlace]:
    nvml.answer(ONE, TWO)

    async def start() -> OwnEngine:
        return await OwnEngine.started(on_gpus, tmp_path / "engine.log")

    made = EnginePlace(await start(), start)
    yield made
    await made.close()


def held(spec: EngineSpec) -> list[str]:
    return [each.device for each in holders(("GPU-one", "GPU-two"), Path(spec.claims_dir))]


async def answers(place: EnginePlace) -> bool:
    engine = place.engine.engine
    async with httpx.AsyncClient() as client:
        body = {"prompt": "hello", "max_tokens": 1}
        answer = await client.post(f"http://{engine.host}:{engine.port}/v1/completions", json=body)
    return answer.status_code == 200


async def test_where_another_gpu_is_free_the_new_engine_takes_it_and_then_the_first_is_free(
    place: EnginePlace, on_gpus: EngineSpec
) -> None:
    assert held(on_gpus) == ["GPU-one"]
    place.obey(ReplicaOrder("a", Verb.RESTART, new_first=True))
    await until(lambda: place.restarts == 1, patience_s=30)
    assert (place.engine.devices, held(on_gpus)) == (("GPU-two",), ["GPU-two"])
    assert await answers(place)


async def test_the_old_engine_goes_first_and_the_new_one_has_its_gpu(place: EnginePlace, on_gpus: EngineSpec) -> None:
    pid = place.engine.engine.pid
    place.obey(ReplicaOrder("a", Verb.RESTART))
    await until(lambda: place.restarts == 1, patience_s=30)
    assert (place.engine.devices, held(on_gpus)) == (("GPU-one",), ["GPU-one"])
    assert place.engine.engine.pid != pid
    assert await answers(place)


async def test_the_gpu_of_one_that_is_drained_is_given_to_nobody(place: EnginePlace, on_gpus: EngineSpec) -> None:
    place.obey(ReplicaOrder("a", Verb.DRAIN))
    await until(lambda: place.task is Task.DRAINED, patience_s=30)
    assert (place.engine.engine.alive, held(on_gpus)) == (False, ["GPU-one"])
    place.obey(ReplicaOrder("a", Verb.RESTART))
    await until(lambda: place.restarts == 1, patience_s=30)
    await idle(place)
    assert held(on_gpus) == ["GPU-one"]
