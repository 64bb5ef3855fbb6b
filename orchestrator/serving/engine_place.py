"""The place of a replica's engine: which engine is in it now, and how another comes into it when a person asks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from orchestrator.core.amounts import counted
from orchestrator.core.by_hand import FINISHES, OLD_FINISHES, STANDS_ASIDE, STARTS, ReplicaOrder, Task, Verb, refusal
from orchestrator.core.errors import DeployFailed
from orchestrator.serving.own_engine import OwnEngine


class EnginePlace:
    """Ray Serve knows nothing of the exchange: the replica stays, with its id and its part of the resources.

    Of the `orders` that it has taken `restarts` counts the restarts that came to their end; `trouble` says what went
    wrong with the last one.
    """

    def __init__(self, engine: OwnEngine, start: Callable[[], Awaitable[OwnEngine]]) -> None:
        self.engine = engine
        self.task, self.reason = Task.NONE, ""
        self.orders, self.restarts, self.trouble = 0, 0, ""
        self._start = start
        self._doing: asyncio.Future[None] | None = None

    @property
    def stands_aside(self) -> bool:
        return self.task is Task.DRAINED

    def obey(self, order: ReplicaOrder) -> str:
        """Begin to do what is asked; returns why not, or nothing."""
        refused = refusal(order, self.task)
        if not refused:
            self.orders, self.trouble = self.orders + 1, ""
            new_first = order.new_first and order.verb is Verb.RESTART
            self._say(*((Task.RESTARTING, STARTS) if new_first else (Task.DRAINING, FINISHES)))
            self._doing = asyncio.ensure_future(self._do(order))
        return refused

    async def close(self) -> None:
        """Leave off what is being done, let the engine finish what it answers, and end it."""
        if self._doing is not None and not self._doing.done():
            self._doing.cancel()
            await asyncio.wait([self._doing])
        if not self.engine.stopped:
            await self.engine.drain()
            await self.engine.stop()

    async def _do(self, order: ReplicaOrder) -> None:
        try:
            await (self._drain if order.verb is Verb.DRAIN else self._restart)(order)
        except Exception as failure:
            self.trouble = f"{failure}"
            self._say(Task.NONE, "")

    async def _drain(self, order: ReplicaOrder) -> None:
        await self._empty(self.engine, order.drain_s)
        self._say(Task.DRAINED, STANDS_ASIDE)

    async def _restart(self, order: ReplicaOrder) -> None:
        await (self._new_first if order.new_first else self._old_first)(order.drain_s)
        self.restarts += 1
        self._say(Task.NONE, "")

    async def _new_first(self, drain_s: float) -> None:
        """Where the new engine does not start, the old one has never been away."""
        old, self.engine = self.engine, await self._start()
        self._say(Task.RESTARTING, OLD_FINISHES)
        await self._empty(old, drain_s)
        old.release()

    async def _old_first(self, drain_s: float) -> None:
        """Where the new engine does not start, the replica fails its health check, and Ray Serve makes another."""
        await self._empty(self.engine, drain_s)
        self._say(Task.RESTARTING, STARTS)
        self.engine.release()
        try:
            self.engine = await self._start()
        except Exception as failure:
            self.engine.failure = DeployFailed(f"{failure}")
            raise

    async def _empty(self, engine: OwnEngine, drain_s: float) -> None:
        try:
            if cut := 0 if engine.stopped else await engine.drain(drain_s):
                self.trouble = f"{counted(cut, 'request')} did not end within {drain_s:g} s and lost its engine"
        finally:
            await engine.stop()

    def _say(self, task: Task, reason: str) -> None:
        self.task, self.reason = task, reason
