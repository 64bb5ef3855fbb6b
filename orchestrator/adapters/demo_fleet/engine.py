"""An engine that serves as fast as was predicted for it: prompts read one after the other, tokens written together."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from orchestrator.core.prediction import Prediction

MOST_PREFILL = 0.9  # of a second: those that write go on
KNOWN = 0.3  # of each prompt after the first, as where all begin alike; predictions do not count on it


@dataclass
class Request:
    """Times are seconds of the simulation."""

    came_s: float
    tokens_left: float
    tokens: float = 0.0
    wrote_s: float = 0.0  # since the first token, also where prompts of others were read
    ttft_s: float = 0.0
    tries: int = 1  # engines that had it


class Second(NamedTuple):
    """What clients got of an engine in a second."""

    ttfts_s: list[float]  # of the requests that were begun
    tpots_s: list[float]  # of those that were ended
    ended: list[Request]


@dataclass
class Engine:
    """`step` goes a second on."""

    speed: Prediction
    max_num_seqs: int
    waiting: deque[Request] = field(default_factory=deque)
    running: list[Request] = field(default_factory=list)
    prompt_tokens_total: float = 0.0
    generation_tokens_total: float = 0.0
    generation_s_total: float = 0.0
    busy: float = 0.0  # share of the last second

    @property
    def unfinished(self) -> int:
        return len(self.running) + len(self.waiting)

    @property
    def prefix_cache_hits_total(self) -> float:
        return KNOWN * max(0.0, self.prompt_tokens_total - self.speed.prompt_tokens)

    @property
    def tokens_held(self) -> float:
        """That take room in its cache."""
        return sum(self.speed.prompt_tokens + each.tokens for each in self.running)

    def step(self, second: float, pace: float) -> Second:
        """At so much of its full speed."""
        begun, spent_s = self._admit(second, pace)
        left_s = 1.0 - spent_s
        before = self.generation_tokens_total
        for each in self.running:
            self._write(each, left_s * pace / self._step_s())
        self.generation_s_total += left_s * len(self.running)
        wrote = self.generation_tokens_total > before
        ended = [each for each in self.running if each.tokens_left <= 0]
        self.running = [each for each in self.running if each.tokens_left > 0]
        self.busy = min(1.0, spent_s + (left_s if wrote else 0.0))
        return Second(begun, [each.wrote_s / each.tokens for each in ended], ended)

    def lost(self) -> list[Request]:
        """What it had is another's now."""
        had = [*self.running, *self.waiting]
        self.running, self.waiting = [], deque()
        self.busy = 0.0
        return had

    def _admit(self, second: float, pace: float) -> tuple[list[float], float]:
        each_s, spent_s, begun = self.speed.prompt_tokens / self.speed.prefill_tok_s / pace, 0.0, []
        while self.waiting and len(self.running) < self.max_num_seqs and spent_s + each_s <= MOST_PREFILL:
            request = self.waiting.popleft()
            request.ttft_s = max(0.0, second - 1 + spent_s - request.came_s) + self.speed.ttft_s / pace
            begun.append(request.ttft_s)
            spent_s += each_s
            self.running.append(request)
            self.prompt_tokens_total += self.speed.prompt_tokens
        return begun, spent_s

    def _write(self, request: Request, tokens: float) -> None:
        wrote = min(tokens, request.tokens_left)
        request.tokens, request.tokens_left = request.tokens + wrote, request.tokens_left - wrote
        request.wrote_s += wrote / tokens
        self.generation_tokens_total += wrote

    def _step_s(self) -> float:
        """For a token of each stream: linear between what was predicted of one and of as many as pay."""
        alone_s, most = 1 / self.speed.decode_tok_s, self.speed.saturation_concurrency
        reading_s = self.speed.prompt_tokens / self.speed.output_tokens / self.speed.prefill_tok_s
        full_s = most * (1 / self.speed.saturation_tok_s - reading_s)
        return alone_s + (full_s - alone_s) * max(0, len(self.running) - 1) / (most - 1)
