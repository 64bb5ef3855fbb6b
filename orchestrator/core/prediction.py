"""How fast a fit will be, before it runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Prediction:
    """Of one replica, with nothing else on its devices."""

    decode_tok_s: float  # of one stream
    saturation_tok_s: float  # of all streams together, where more of them add nothing
    saturation_concurrency: int
    prefill_tok_s: float
    ttft_s: float  # of a prompt of `prompt_tokens`, with nobody before it
    prompt_tokens: int
    output_tokens: int  # of the answer to it
    cold_start_s: float
    why: tuple[str, ...]  # the arithmetic, a line a figure

    @property
    def request_tok_s(self) -> float:
        """What a user with a whole request sees: its answer over the time from sending it to the last token."""
        return self.output_tokens / (self.ttft_s + self.output_tokens / self.decode_tok_s)
