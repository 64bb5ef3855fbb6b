"""Clients that load an OpenAI-compatible endpoint, each sending its next request when the last is answered."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import httpx

from orchestrator.core.errors import DeployFailed
from orchestrator.core.fit_report import MeasuredLoad
from orchestrator.core.load_time import Load

ROUNDS = 3  # requests of each client, after one that is not counted
SAMPLE_WORDS = 200
LETTERS = "abcdefghijklmnopqrstuvwxyz"
TIMEOUT_S = 900.0


@dataclass(frozen=True)
class Answer:
    """One request: seconds since it was sent, and tokens as the engine counted them."""

    first_s: float
    last_s: float
    prompt_tokens: int
    output_tokens: int

    @property
    def tpot_s(self) -> float:
        return (self.last_s - self.first_s) / max(1, self.output_tokens - 1)


class LoadClients:
    """Prompts are words of random letters, so that no cache knows them."""

    def __init__(self, endpoint: str, model: str, api_key: str | None) -> None:
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._client = httpx.Client(base_url=endpoint, headers=headers, timeout=TIMEOUT_S)
        self._model = model
        self._random = random.Random()
        self._words_a_token: float | None = None

    def run(self, load: Load) -> MeasuredLoad:
        """Raises DeployFailed where the fleet refuses a request or does not answer it."""
        try:
            return self._run(load)
        except httpx.HTTPStatusError as error:
            status = error.response.status_code
            hint = "--api-key KEY" if status == 401 else "qorch logs"
            raise DeployFailed(f"the fleet answered {status} to a measured request", hint=hint) from error
        except httpx.HTTPError as error:
            raise DeployFailed(f"the fleet did not answer: {type(error).__name__}", hint="qorch status") from error

    def _run(self, load: Load) -> MeasuredLoad:
        words = max(1, round(load.prompt_tokens * self._rate()))
        with ThreadPoolExecutor(load.concurrency) as pool:
            self._round(pool, load.concurrency, words, load.output_tokens)
            begin = time.perf_counter()
            answers = self._round(pool, ROUNDS * load.concurrency, words, load.output_tokens)
            return _measured(answers, time.perf_counter() - begin)

    def _round(self, pool: ThreadPoolExecutor, count: int, words: int, output_tokens: int) -> list[Answer]:
        return [each.result() for each in [pool.submit(self._ask, words, output_tokens) for _ in range(count)]]

    def _rate(self) -> float:
        """Words that make a token of this model's, from one request."""
        if self._words_a_token is None:
            self._words_a_token = SAMPLE_WORDS / self._ask(SAMPLE_WORDS, 1).prompt_tokens
        return self._words_a_token

    def _ask(self, words: int, output_tokens: int) -> Answer:
        prompt = " ".join("".join(self._random.choices(LETTERS, k=4)) for _ in range(words))
        body = {
            "model": self._model, "prompt": prompt, "max_tokens": output_tokens, "temperature": 0, "stream": True,
            "stream_options": {"include_usage": True},
        }  # fmt: skip
        usage: dict[str, int] = {}
        begin, first_s = time.perf_counter(), 0.0
        with self._client.stream("POST", "/completions", json=body) as answer:
            answer.raise_for_status()
            for event in _events(answer):
                first_s = first_s or time.perf_counter() - begin
                usage = event.get("usage") or usage
        return Answer(first_s, time.perf_counter() - begin, usage["prompt_tokens"], usage["completion_tokens"])


def _events(answer: httpx.Response) -> Iterator[dict[str, Any]]:
    for line in answer.iter_lines():
        if line.startswith("data: {"):
            yield json.loads(line.removeprefix("data: "))


def _measured(answers: list[Answer], wall_s: float) -> MeasuredLoad:
    return MeasuredLoad(
        ttft_s=fmean(answer.first_s for answer in answers),
        tpot_s=fmean(answer.tpot_s for answer in answers),
        tok_s=sum(answer.output_tokens for answer in answers) / wall_s,
    )
