"""The requests that ended last, for those who run the fleet: when, how, how long; never what they say."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from typing import Any

from orchestrator.core.answered import CLIENT_LEFT, GATEWAY_FAILED, OK, Answered
from orchestrator.serving.gateway.answer_pace import AnswerPace
from orchestrator.serving.gateway.api_errors import ApiError
from orchestrator.serving.gateway.usage_events import UsageEvents
from orchestrator.serving.gateway.waiters import Ticket

KEPT, KEPT_FAILED = 100, 50  # of those that were answered well, and of the others, which are looked for longer
DIGITS = 4  # of seconds


@dataclass
class RequestNote:
    """What is known of one request while it is answered."""

    arrived_s: float = field(default_factory=time.monotonic)
    request_id: str = ""
    ticket: Ticket | None = None
    replica_id: str = ""
    tries: int = 0
    pace: AnswerPace | None = None
    usage: UsageEvents | None = None
    broken: str = ""  # the code of the error with which its stream ended

    def asks(self, replica_id: str) -> None:
        self.replica_id, self.tries = replica_id, self.tries + 1

    def hears(self, pace: AnswerPace, usage: UsageEvents) -> None:
        """An engine begins to answer; of one that was lost nothing is kept."""
        self.pace, self.usage = pace, usage

    def broke(self, error: ApiError) -> None:
        self.broken = _code(error)

    def ended(self, status: int, outcome: str) -> Answered:
        now_s = time.monotonic()
        first_s = self.pace.began_s if self.pace else None
        return Answered(
            at_s=round(time.time(), 3),
            request_id=self.request_id,
            replica_id=self.replica_id,
            status=status,
            outcome=outcome,
            waited_s=round(self.ticket.waited_s, DIGITS) if self.ticket else 0.0,
            took_s=round(now_s - self.arrived_s, DIGITS),
            ttft_s=None if first_s is None else round(first_s - self.arrived_s, DIGITS),
            tpot_s=self._tpot_s(now_s, first_s),
            prompt_tokens=self.usage.prompt_tokens if self.usage else None,
            generation_tokens=self.usage.generation_tokens if self.usage else None,
            tries=self.tries,
        )

    def _tpot_s(self, now_s: float, first_s: float | None) -> float | None:
        tokens = self.usage.generation_tokens if self.usage else None
        if first_s is None or tokens is None or tokens < 2:
            return None
        return round((now_s - first_s) / (tokens - 1), DIGITS + 2)


class RequestLog:
    """Bounded; only requests that came with a key that is let in, where keys are needed: others could push them out."""

    def __init__(self) -> None:
        self.well: deque[Answered] = deque(maxlen=KEPT)
        self.failed: deque[Answered] = deque(maxlen=KEPT_FAILED)  # or refused, or left by their clients

    @contextmanager
    def noted(self) -> Iterator[RequestNote]:
        """Around the answering of one request."""
        note = RequestNote()
        status, outcome = 0, CLIENT_LEFT
        try:
            yield note
            status, outcome = 200, note.broken or OK
        except ApiError as error:
            status, outcome = error.status, _code(error)
            raise
        except Exception:
            status, outcome = 500, GATEWAY_FAILED
            raise
        finally:
            ended = note.ended(status, outcome)
            (self.well if ended.well else self.failed).append(ended)


def columns(requests: Iterable[Answered]) -> dict[str, list[Any]]:
    """By field, a value for each request, in their order: half as long as an object each."""
    all_ = tuple(requests)
    return {each.name: [getattr(one, each.name) for one in all_] for each in fields(Answered)}


def _code(error: ApiError) -> str:
    """One of the gateway's own words; its message may tell of what was asked."""
    return error.error["code"] or error.error["type"] or str(error.status)
