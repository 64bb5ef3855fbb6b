"""A request that has ended, as those who run a fleet look at it: never its text, its key or its user."""

from __future__ import annotations

from dataclasses import dataclass

OK, CLIENT_LEFT, GATEWAY_FAILED = "ok", "client left", "gateway failed"


@dataclass(frozen=True, slots=True)
class Answered:
    """One request for a completion; None where it did not come so far, or its engine does not tell."""

    at_s: float  # Unix time of its end
    request_id: str
    replica_id: str  # that was asked last; empty where none was
    status: int  # of HTTP; 0 where its client left first
    outcome: str  # ok, client left, or the code of its error
    waited_s: float  # until an engine had room for it
    took_s: float  # from its arrival to its end
    ttft_s: float | None = None  # from its arrival to the first piece of its answer
    tpot_s: float | None = None  # each token after the first, on average
    prompt_tokens: int | None = None
    generation_tokens: int | None = None
    tries: int = 0  # engines that were asked

    @property
    def well(self) -> bool:
        return self.outcome == OK
