"""A fleet's history as its gateway tells it, part by part."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import httpx

from orchestrator.adapters.gateway_api import GatewayApi, refusal
from orchestrator.adapters.part_values import minutes_from, segment_from
from orchestrator.app.history_port import TellsNoHistory
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.scaling.history_parts import MOST_PART_BYTES, Part, PartKind, day_of, newest_first, part_of
from orchestrator.core.scaling.load_minutes import LoadMinute
from orchestrator.core.scaling.looks import Segment

T = TypeVar("T")


class GatewayHistory:
    """Satisfies `orchestrator.app.history_port.History`.

    Raises EnvironmentNotReady also for what is damaged, or another version's. A part that is forgotten while the others
    are read is left out.
    """

    def __init__(self, gateway: GatewayApi) -> None:
        self._gateway = gateway

    def minutes(self, since_s: float = 0.0, most: int | None = None) -> tuple[LoadMinute, ...]:
        """The latest since a Unix time, the oldest of them first; no more days are asked for than that takes."""
        found: tuple[LoadMinute, ...] = ()
        for part in newest_first(self._parts(), PartKind.MINUTES):
            if part.number < day_of(since_s) or (most is not None and len(found) >= most):
                break
            found = (*(self._read(part, minutes_from) or ()), *found)
        since = tuple(each for each in found if each.begin_s >= since_s)
        return since if most is None else since[max(0, len(since) - most) :]

    def segments(self) -> Iterator[Segment]:
        """The oldest first."""
        for part in reversed(newest_first(self._parts(), PartKind.LOOKS)):
            segment = self._read(part, segment_from)
            if segment is not None:
                yield segment

    def _parts(self) -> list[Part]:
        answer = self._asked("")
        if answer is None:
            raise TellsNoHistory("the gateway tells no history: it is of an older version")
        try:
            return [part for part in map(part_of, answer.json()["parts"]) if part]
        except (ValueError, KeyError, TypeError) as error:
            raise EnvironmentNotReady(f"the gateway tells no history: its list of parts is none ({error})") from error

    def _read(self, part: Part, meaning: Callable[[bytes], T]) -> T | None:
        """None where there is no such part any more."""
        answer = self._asked(part.name)
        if answer is None:
            return None
        value = answer.content
        try:
            if len(value) > MOST_PART_BYTES:
                raise ValueError(f"it has {len(value)} bytes, and {MOST_PART_BYTES} is the most")
            return meaning(value)
        except ValueError as error:
            raise EnvironmentNotReady(
                f"{part.name} of the history is damaged, or another version's: {error}"
            ) from error

    def _asked(self, name: str) -> httpx.Response | None:
        """None where the gateway knows nothing of it."""
        try:
            answer = self._gateway.history(name)
        except httpx.HTTPError as error:
            raise EnvironmentNotReady(f"the gateway tells no history: {error}") from error
        if answer.status_code == 404:
            return None
        if answer.status_code != 200:
            raise EnvironmentNotReady(f"the gateway tells no history: {refusal(answer)}")
        return answer
