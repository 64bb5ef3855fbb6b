"""Those that wait for an engine, in the order of their arrival."""

from __future__ import annotations

import asyncio
import time
from bisect import insort
from collections.abc import Callable
from dataclasses import dataclass, field

from orchestrator.core.hold import HeldNow
from orchestrator.serving.gateway.engine_table import Engine

Take = Callable[[frozenset[str], int], Engine | None]


@dataclass(eq=False)
class Ticket:
    """A request that may be held: its place by arrival, and how large it is."""

    number: int
    body_bytes: int
    prompt_tokens: int  # of its text, at most
    waited_s: float = 0.0  # until an engine had room
    held: bool = False  # whether it has been, so that it is not turned away any more for being one too many


@dataclass(eq=False)
class Waiter:
    """A request that wants an engine of the `able` variants, since a time of the monotonic clock."""

    ticket: Ticket
    able: frozenset[str]
    turn: int
    since_s: float
    engine: asyncio.Future[Engine] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Waiters:
    """The oldest first; `now` may be asked from another thread."""

    def __init__(self) -> None:
        self._line: list[Waiter] = []

    @property
    def first(self) -> Waiter | None:
        return self._line[0] if self._line else None

    def now(self) -> HeldNow:
        line = tuple(self._line)
        return HeldNow(
            len(line),
            sum(waiter.ticket.body_bytes for waiter in line),
            sum(waiter.ticket.prompt_tokens for waiter in line),
            max((time.monotonic() - waiter.since_s for waiter in line), default=0.0),
        )

    def add(self, waiter: Waiter) -> None:
        insort(self._line, waiter, key=lambda each: each.ticket.number)

    def leave(self, waiter: Waiter) -> None:
        if waiter in self._line:
            self._line.remove(waiter)

    def rivals(self, waiter: Waiter) -> bool:
        """Whether others wait for the same engines."""
        return any(other is not waiter and other.able & waiter.able for other in self._line)

    def give(self, take: Take) -> None:
        """What can be taken goes to each in turn; who can take none of it stands in nobody's way."""
        in_vain: set[frozenset[str]] = set()
        for waiter in tuple(self._line):
            if waiter.able in in_vain:
                continue
            if engine := take(waiter.able, waiter.turn):
                self._line.remove(waiter)
                waiter.engine.set_result(engine)
            else:
                in_vain.add(waiter.able)

    def send_away(self, told: Callable[[Waiter], Exception]) -> None:
        for waiter in self._line:
            waiter.engine.set_exception(told(waiter))
        self._line.clear()
