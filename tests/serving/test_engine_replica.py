"""The replica's watch over its engine: whether that gets on with its work, on a clock that the engine's looks move."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest

from orchestrator.app.ports import EngineLoadSample
from orchestrator.core.engine_spec import EngineSpec
from orchestrator.core.errors import DeployFailed
from orchestrator.core.scaling.seen import ReplicaSample
from orchestrator.core.start_steps import Steps
from orchestrator.serving import engine_replica, own_engine
from orchestrator.serving.engine_replica import EngineReplica
from orchestrator.serving.replica_status import replica_status
from tests.adapters.nvml_stand_in import A100, NvmlStandIn

pytestmark = pytest.mark.anyio

STALL_S, LOOK_S = 60.0, 10.0
LOOKS = 20


class ScriptedEngine:
    """Answers its health check whatever it does; each look at its load takes 10 s of the clock."""

    host, model, alive, port, pid = "127.0.0.1", "", True, 1, 2
    start_steps: Steps = MappingProxyType({"loading": 0.1})

    def __init__(self, running: int, tokens_a_look: int) -> None:
        self.running, self.tokens_a_look, self.looks = running, tokens_a_look, 0
        self.answers = True

    async def start(self) -> None: ...

    async def check(self) -> None: ...

    async def stop(self) -> None: ...

    async def wait(self) -> None:
        await asyncio.Event().wait()

    async def load(self) -> EngineLoadSample:
        if not self.answers:
            raise TimeoutError
        self.looks += 1
        return EngineLoadSample(self.running, 0, 0, self.looks * self.tokens_a_look, 0.0)

    def now_s(self) -> float:
        return self.looks * LOOK_S


class Replica(EngineReplica):
    """Without Ray Serve there is nobody to await its end."""

    def __del__(self) -> None: ...  # type: ignore[override]


Make = Callable[..., Awaitable[EngineReplica]]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """The replica of such an engine after some looks, as Ray Serve would make it."""
    spec = EngineSpec("llama.cpp", "demo-gguf", "cpu", "/model", None, ("demo",), 4096, 1, str(tmp_path))
    context = SimpleNamespace(replica_id=SimpleNamespace(unique_id="r0"), deployment="demo-gguf")
    monkeypatch.setattr(engine_replica, "bind_to_node", lambda: None)
    monkeypatch.setattr(engine_replica.serve, "get_replica_context", lambda: context)
    monkeypatch.setattr(own_engine, "SAMPLE_PERIOD_S", 0)

    async def make(engine: ScriptedEngine, stall_s: float | None, **fields: Any) -> EngineReplica:
        monkeypatch.setattr(own_engine, "make_engine", lambda *_: engine)
        clock = SimpleNamespace(monotonic=engine.now_s, time=time.time)
        monkeypatch.setattr(engine_replica, "time", clock)
        monkeypatch.setattr(own_engine, "time", clock)
        made = Replica.__new__(Replica)
        await made.__init__(asdict(replace(spec, stall_s=stall_s, **fields)))  # type: ignore[misc]
        while engine.looks < LOOKS:
            await asyncio.sleep(0)
        return made

    return make


async def test_an_engine_that_has_work_and_counts_no_token_is_replaced(make: Make) -> None:
    replica = await make(ScriptedEngine(running=1, tokens_a_look=0), STALL_S)
    with pytest.raises(DeployFailed, match="has work and has counted no token for 60 s"):
        await replica.check_health()


async def test_what_it_runs_is_told_with_the_version_of_its_engine(make: Make) -> None:
    told = (await make(ScriptedEngine(running=0, tokens_a_look=0), None)).describe()
    assert told["revision"] == f"demo-gguf, llama.cpp {version('xllamacpp')}"
    assert told["devices"] == ()
    assert told["start_steps"] == {"loading": 0.1}


async def test_on_gpus_that_its_pod_was_given_it_tells_of_them(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nvml = NvmlStandIn(tmp_path)
    nvml.take_the_drivers_place(monkeypatch)
    nvml.answer(A100 | {"utilization": 93})
    replica = await make(ScriptedEngine(running=1, tokens_a_look=1), None, device="gpu")
    async with asyncio.timeout(20):
        while not (told := replica_status(replica.describe())).gpus.gpus:
            await asyncio.sleep(0.01)
    assert told.devices == ("GPU-a100-0",)
    assert [gpu.utilization_percent for gpu in told.gpus.gpus] == [93]
    replica._gpus.close()


async def test_what_the_autoscaling_policy_is_told_is_all_numbers(make: Make) -> None:
    engine = ScriptedEngine(running=1, tokens_a_look=5)
    stats = (await make(engine, None)).record_autoscaling_stats()
    assert {type(value) for value in stats.values()} == {float}
    sample = ReplicaSample(**stats)
    assert sample.sensible
    assert (sample.num_requests_running, sample.max_num_seqs) == (1, 1)
    assert sample.generation_tokens_total >= 5 * LOOKS


async def test_an_engine_that_does_not_answer_stops_the_clock_of_what_is_told(make: Make) -> None:
    replica = await make(engine := ScriptedEngine(running=1, tokens_a_look=5), None)
    engine.answers = False
    before = replica.record_autoscaling_stats()
    await asyncio.sleep(0.05)
    assert replica.record_autoscaling_stats() == before


@pytest.mark.parametrize(
    ("engine", "stall_s"),
    [
        (ScriptedEngine(running=1, tokens_a_look=1), STALL_S),
        (ScriptedEngine(running=0, tokens_a_look=0), STALL_S),
        (ScriptedEngine(running=1, tokens_a_look=0), None),
    ],
    ids=["gets on", "has no work", "counts nothing"],
)
async def test_an_engine_is_left_alone_that(make: Make, engine: ScriptedEngine, stall_s: float | None) -> None:
    replica = await make(engine, stall_s)
    await replica.check_health()
