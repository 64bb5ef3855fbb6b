"""Whether an engine that has work gets on with it: one that answers its health check may be wedged all the same."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.core.prediction import Prediction

LEAST_STALL_S = 60.0
UNPREDICTED_STALL_S = 600.0
SLACK = 3.0  # how much slower than predicted the longest prompt may be read


@dataclass(frozen=True)
class Progress:
    """The tokens of prompts and answers that an engine had counted when it last got on, or last had no work."""

    tokens_total: int
    at_s: float  # of a clock that never jumps

    def after(self, busy: bool, tokens_total: int, now_s: float) -> Progress:
        """What is known after another look."""
        return self if busy and tokens_total == self.tokens_total else Progress(tokens_total, now_s)

    def stalled(self, now_s: float, stall_s: float | None) -> bool:
        """Whether it has not got on for `stall_s`; never where that is None, for an engine that counts no tokens."""
        return stall_s is not None and now_s - self.at_s > stall_s


def stall_s(max_model_len: int, said: Prediction | None) -> float:
    """How long no token may be counted: engines count a prompt's tokens only when they have read all of them."""
    if said is None or said.prefill_tok_s <= 0:
        return UNPREDICTED_STALL_S
    return max(LEAST_STALL_S, SLACK * max_model_len / said.prefill_tok_s)
