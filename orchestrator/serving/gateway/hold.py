"""Requests wait here, first come first served, while no engine is ready; each gets one the moment it has room."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable

from orchestrator.core.held import Held
from orchestrator.core.hold import HoldLimits, Refusal, longest_wait_s, overfull, retry_after_s
from orchestrator.serving.gateway.api_errors import ApiError, no_engine_ready, saturated
from orchestrator.serving.gateway.engine_table import Engine, EngineTable
from orchestrator.serving.gateway.hold_metrics import HoldCounts
from orchestrator.serving.gateway.waiters import Ticket, Waiter, Waiters

TOLD = {
    Refusal.REQUESTS: "no engine is ready, and the gateway holds all the requests that it can",
    Refusal.BYTES: "no engine is ready, and the gateway holds requests of all the bytes that it can",
    Refusal.DEADLINE: "no engine became ready while the request was held",
    Refusal.STOPPING: "no engine is ready, and this gateway stops",
}

StartOf = Callable[[frozenset[str]], float]  # expected seconds until one of these variants answers


class Hold:
    """Gives out the engines of `table`, and lets requests wait for them within `limits`."""

    def __init__(self, table: EngineTable, limits: HoldLimits, start_of: StartOf, counts: HoldCounts) -> None:
        self._table = table
        self._limits = limits
        self._start_of = start_of
        self._counts = counts
        self._waiters = Waiters()
        self.now = self._waiters.now
        self._numbers = itertools.count()
        self._closed = False
        self._arrived_requests = self._arrived_prompt_tokens = 0
        table.on_room = self._release

    def ticket(self, body_bytes: int, prompt_tokens: int) -> Ticket:
        """For a request that has just arrived."""
        self._arrived_requests += 1
        self._arrived_prompt_tokens += prompt_tokens
        return Ticket(next(self._numbers), body_bytes, prompt_tokens)

    def told(self) -> Held | None:
        """For the fleet's own tools; None where nothing is held."""
        held, oldest = self.now(), self._waiters.first
        if oldest is None:
            return None
        return Held(
            requests=held.requests,
            prompt_tokens=held.prompt_tokens,
            oldest_since_s=time.time() - held.oldest_s,
            expected_wait_s=max(0.0, self._start_of(oldest.able) - held.oldest_s),
            engines_full=self._table.saturated(oldest.able),
        )

    def stats(self) -> dict[str, float]:
        """What an autoscaler goes by; also from another thread."""
        held = self.now()
        return {
            "held_requests": float(held.requests),
            "held_prompt_tokens": float(held.prompt_tokens),
            "held_oldest_s": held.oldest_s,
            "arrived_requests_total": float(self._arrived_requests),
            "arrived_prompt_tokens_total": float(self._arrived_prompt_tokens),
        }

    async def engine(self, able: frozenset[str], ticket: Ticket | None, since_s: float, turn: int) -> Engine:
        """An engine that has room, taken; it is waited for from `since_s` on (monotonic) by who holds a ticket.

        Raises ApiError when there is none, or none in time.
        """
        if engine := self._table.take(able, turn):  # who waits has been given all that they could take
            return engine
        if ticket is None:
            raise self._nothing(able)
        return await self._wait(Waiter(ticket, able, turn, since_s))

    def require_time(self, able: frozenset[str], since_s: float) -> None:
        """Raises ApiError for a request that has waited since `since_s` as long as it may."""
        if time.monotonic() > self._due_s(able, since_s):
            raise self._refuse(able, Refusal.DEADLINE)

    def close(self) -> None:
        """Hold nothing any more: the gateway stops."""
        self._closed = True
        self._waiters.send_away(lambda waiter: self._refuse(waiter.able, Refusal.STOPPING))

    async def _wait(self, waiter: Waiter) -> Engine:
        self._waiters.add(waiter)
        try:
            self._release()
            if not waiter.engine.done():
                self._require_place(waiter)
                await self._until_due(waiter)
            return waiter.engine.result()
        except asyncio.CancelledError:
            if waiter.engine.done() and not waiter.engine.exception():
                self._table.give_back(waiter.engine.result())
            raise
        finally:
            self._waiters.leave(waiter)

    def _release(self) -> None:
        self._waiters.give(self._table.take)

    def _require_place(self, waiter: Waiter) -> None:
        """Raises ApiError for what is not to be held."""
        if self._closed:
            raise self._refuse(waiter.able, Refusal.STOPPING)
        if waiter.ticket.held:
            return
        if self._table.saturated(waiter.able) and not self._waiters.rivals(waiter):
            raise self._nothing(waiter.able)
        if reason := overfull(self.now(), self._limits):
            raise self._refuse(waiter.able, reason)

    async def _until_due(self, waiter: Waiter) -> None:
        """Until it has an engine; raises ApiError when that takes too long."""
        if not waiter.ticket.held:
            waiter.ticket.held = True
            self._counts.held.inc()
        began_s = time.monotonic()
        try:
            await asyncio.wait([waiter.engine], timeout=self._due_s(waiter.able, waiter.since_s) - began_s)
        finally:
            waited_s = time.monotonic() - began_s
            waiter.ticket.waited_s += waited_s
        self._counts.wait.observe(waited_s)
        if not waiter.engine.done():
            raise self._refuse(waiter.able, Refusal.DEADLINE)

    def _due_s(self, able: frozenset[str], since_s: float) -> float:
        return since_s + longest_wait_s(self._start_of(able))

    def _refuse(self, able: frozenset[str], reason: Refusal) -> ApiError:
        self._counts.refused.labels(reason.value).inc()
        if self._table.saturated(able):
            return self._nothing(able)
        return no_engine_ready(TOLD[reason], retry_after_s(self._start_of(able), self.now().oldest_s))

    def _nothing(self, able: frozenset[str]) -> ApiError:
        if self._table.saturated(able):
            return saturated("every engine has all the requests it can hold")
        return no_engine_ready()
