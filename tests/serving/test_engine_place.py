"""The place of a replica's engine: how another comes into it, and what is left where that fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from orchestrator.app.ports import EngineLoadSample
from orchestrator.core.by_hand import FINISHES, OLD_FINISHES, STANDS_ASIDE, STARTS, ReplicaOrder, Task, Verb
from orchestrator.core.errors import DeployFailed
from orchestrator.serving import own_engine
from orchestrator.serving.engine_place import EnginePlace
from orchestrator.serving.own_engine import OwnEngine

pytestmark = pytest.mark.anyio

OLD_FIRST, NEW_FIRST = (ReplicaOrder("a", Verb.RESTART, new_first, drain_s=5.0) for new_first in (False, True))
DRAIN = ReplicaOrder("a", Verb.DRAIN, drain_s=5.0)


class ScriptedEngine:
    """Has as many requests as it is told, and lives until it is stopped or killed."""

    host, model, port, pid = "127.0.0.1", "", 1, 2

    def __init__(self) -> None:
        self.running, self._ended = 0, asyncio.Event()

    @property
    def alive(self) -> bool:
        return not self._ended.is_set()

    async def check(self) -> None:
        if not self.alive:
            raise self.death()

    async def load(self) -> EngineLoadSample:
        return EngineLoadSample(self.running, 0, 0, 0, 0.0)

    async def wait(self) -> None:
        await self._ended.wait()

    def death(self) -> DeployFailed:
        return DeployFailed("the engine died")

    async def stop(self) -> None:
        self.kill()

    def kill(self) -> None:
        self._ended.set()


class Yard:
    """Starts engines when it is let to, and keeps those that it has started."""

    def __init__(self) -> None:
        self.engines: list[ScriptedEngine] = []
        self.fails_with, self.may_start = "", asyncio.Event()
        self.failure: type[Exception] = DeployFailed
        self.may_start.set()

    async def start(self) -> OwnEngine:
        await self.may_start.wait()
        if self.fails_with:
            raise self.failure(self.fails_with)
        self.engines.append(ScriptedEngine())
        return OwnEngine(self.engines[-1], None, None)

    @property
    def alive(self) -> list[int]:
        return [number for number, each in enumerate(self.engines) if each.alive]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORGOTTEN_BY_GATEWAYS_S", "IDLE_PERIOD_S", "SAMPLE_PERIOD_S"):
        monkeypatch.setattr(own_engine, name, 0.0)


@pytest.fixture
def yard() -> Yard:
    return Yard()


@pytest.fixture
async def place(yard: Yard) -> EnginePlace:
    return EnginePlace(await yard.start(), yard.start)


async def until(so: Callable[[], bool], patience_s: float = 2.0) -> None:
    async with asyncio.timeout(patience_s):
        while not so():
            await asyncio.sleep(0)


async def idle(place: EnginePlace) -> None:
    await until(lambda: place.task in (Task.NONE, Task.DRAINED))


async def test_the_old_engine_takes_nothing_finishes_and_ends_before_the_new_one_starts(
    place: EnginePlace, yard: Yard
) -> None:
    yard.engines[0].running = 1
    yard.may_start.clear()
    assert place.obey(OLD_FIRST) == ""
    await until(lambda: place.engine.leaving)
    assert (place.task, place.reason, place.engine.takes_requests, yard.alive) == (Task.DRAINING, FINISHES, False, [0])
    yard.engines[0].running = 0
    await until(lambda: place.task is Task.RESTARTING)
    assert (place.reason, place.engine.takes_requests, yard.alive) == (STARTS, False, [])
    await place.engine.check()
    yard.may_start.set()
    await idle(place)
    assert (place.orders, place.restarts, place.trouble, place.reason) == (1, 1, "", "")
    assert (place.engine.takes_requests, yard.alive) == (True, [1])


async def test_where_there_is_room_the_old_engine_answers_until_the_new_one_is_ready(
    place: EnginePlace, yard: Yard
) -> None:
    yard.engines[0].running = 1
    yard.may_start.clear()
    place.obey(NEW_FIRST)
    assert (place.task, place.reason, place.engine.takes_requests) == (Task.RESTARTING, STARTS, True)
    yard.may_start.set()
    await until(lambda: place.reason == OLD_FINISHES)
    assert place.engine.engine is yard.engines[1]
    assert (place.engine.takes_requests, place.restarts, yard.alive) == (True, 0, [0, 1])
    yard.engines[0].running = 0
    await idle(place)
    assert (place.restarts, yard.alive) == (1, [1])


async def test_what_does_not_end_in_time_loses_its_engine_and_is_counted(place: EnginePlace, yard: Yard) -> None:
    yard.engines[0].running = 2
    place.obey(ReplicaOrder("a", Verb.RESTART, drain_s=0.0))
    await idle(place)
    assert (place.restarts, yard.alive) == (1, [1])
    assert place.trouble == "2 requests did not end within 0 s and lost its engine"


async def test_a_new_engine_that_does_not_start_leaves_the_old_one_where_that_is_there(
    place: EnginePlace, yard: Yard
) -> None:
    yard.fails_with = "no memory"
    place.obey(NEW_FIRST)
    await idle(place)
    assert (place.restarts, place.trouble, place.engine.takes_requests, yard.alive) == (0, "no memory", True, [0])
    await place.engine.check()


@pytest.mark.parametrize("failure", [DeployFailed, OSError])
async def test_without_an_old_one_the_replica_is_not_well_so_that_ray_serve_makes_another(
    place: EnginePlace, yard: Yard, failure: type[Exception]
) -> None:
    yard.fails_with, yard.failure = "no memory", failure
    place.obey(OLD_FIRST)
    await idle(place)
    assert (place.restarts, place.trouble, place.engine.takes_requests, yard.alive) == (0, "no memory", False, [])
    with pytest.raises(DeployFailed, match="no memory"):
        await place.engine.check()


async def test_one_that_is_drained_is_well_without_an_engine_until_it_is_restarted(
    place: EnginePlace, yard: Yard
) -> None:
    place.obey(DRAIN)
    await idle(place)
    assert (place.task, place.reason, place.stands_aside, yard.alive) == (Task.DRAINED, STANDS_ASIDE, True, [])
    await place.engine.check()
    assert place.obey(DRAIN) == "the replica a is drained already"
    assert place.obey(OLD_FIRST) == ""
    await until(lambda: place.restarts == 1)
    assert (place.stands_aside, place.engine.takes_requests, yard.alive) == (False, True, [1])


async def test_an_engine_that_dies_while_it_drains_was_to_go_anyway(place: EnginePlace, yard: Yard) -> None:
    yard.engines[0].running = 1
    place.obey(DRAIN)
    await until(lambda: place.engine.leaving)
    yard.engines[0].kill()
    await place.engine.check()
    await idle(place)
    assert place.task is Task.DRAINED
    await place.engine.check()


async def test_it_does_one_thing_at_a_time(place: EnginePlace, yard: Yard) -> None:
    yard.may_start.clear()
    place.obey(NEW_FIRST)
    assert place.obey(DRAIN) == "the replica a is restarting by hand already"
    assert place.orders == 1
    yard.may_start.set()
    await idle(place)


async def test_an_engine_that_dies_while_its_successor_starts_is_told_as_one_that_died(
    place: EnginePlace, yard: Yard
) -> None:
    yard.may_start.clear()
    place.obey(NEW_FIRST)
    yard.engines[0].kill()
    await until(lambda: place.engine.failure is not None)
    with pytest.raises(DeployFailed, match="the engine died"):
        await place.engine.check()
    yard.may_start.set()
    await idle(place)


@pytest.mark.parametrize("order", [OLD_FIRST, NEW_FIRST, DRAIN])
@pytest.mark.parametrize("steps", range(12))
async def test_a_replica_that_goes_meanwhile_leaves_no_engine(
    place: EnginePlace, yard: Yard, order: ReplicaOrder, steps: int
) -> None:
    place.obey(order)
    for _ in range(steps):
        await asyncio.sleep(0)
    await place.close()
    assert yard.alive == []


async def test_a_replica_that_goes_does_not_wait_for_an_engine_that_starts(place: EnginePlace, yard: Yard) -> None:
    yard.may_start.clear()
    place.obey(NEW_FIRST)
    await asyncio.wait_for(place.close(), 2)
    assert yard.alive == []
