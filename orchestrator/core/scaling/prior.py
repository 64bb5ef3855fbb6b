"""What is held true of a pool before it has shown what it does: the plan's prediction."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.core.deployment import Variant
from orchestrator.core.predict import OUTPUT_TOKENS, PROMPT_TOKENS
from orchestrator.core.prediction import Prediction
from orchestrator.core.price import hourly_cost
from orchestrator.core.scaling.pace import UNSEEN, Pace, predicted_pace

UNPREDICTED_COLD_START_S = 60.0  # until the first start was seen


@dataclass(frozen=True)
class TokenWork:
    """The work of a token: in seconds of a full replica of the first variant, or 1 where nothing was predicted."""

    prompt: float
    generation: float

    def of(self, prompt_tokens: float, generation_tokens: float) -> float:
        return self.prompt * prompt_tokens + self.generation * generation_tokens

    @property
    def prompt_ratio(self) -> float:
        """Tokens of a prompt that are as much work as one that is generated."""
        return self.generation / self.prompt if self.prompt else math.inf


@dataclass(frozen=True)
class VariantPrior:
    """One variant, by its plan."""

    capacity: float | None  # work a second of a full replica; None where it was not predicted
    cold_start_s: float | None
    pace: Pace = UNSEEN
    ttft_s: float | None = None  # with nobody before it
    cost: float = 1.0  # of a replica for an hour, in the currency of the prices, or by its GPUs


@dataclass(frozen=True)
class PoolPrior:
    """All variants, by their names, and the request that their speeds were predicted for."""

    work: TokenWork
    request_work: float
    generation_tokens: float
    variants: Mapping[str, VariantPrior]


def pool_prior(variants: tuple[Variant, ...]) -> PoolPrior:
    """By the plan that these were deployed from."""
    first = variants[0].predicted.speed
    work = _token_work(first)
    shape = (first.prompt_tokens, first.output_tokens) if first else (PROMPT_TOKENS, OUTPUT_TOKENS)
    return PoolPrior(work, work.of(*shape), shape[1], {each.name: _variant(each, work) for each in variants})


def pool_prior_from_data(data: Mapping[str, Any]) -> PoolPrior:
    """Read what was written as JSON; raises TypeError or KeyError on another version's."""
    variants = {name: VariantPrior(**{**each, "pace": Pace(*each["pace"])}) for name, each in data["variants"].items()}
    return PoolPrior(**{**data, "work": TokenWork(**data["work"]), "variants": variants})


def _token_work(said: Prediction | None) -> TokenWork:
    """A prompt takes what it takes alone; generation takes the rest of a request's share of a full replica."""
    if said is None:
        return TokenWork(1.0, 1.0)
    prompt = 1 / said.prefill_tok_s
    rest = 1 / said.saturation_tok_s - prompt * said.prompt_tokens / said.output_tokens
    return TokenWork(prompt, max(rest, prompt))  # generated, a token is never less work than read


def _variant(variant: Variant, work: TokenWork) -> VariantPrior:
    said, cost = variant.predicted.speed, hourly_cost(variant.price_per_hour, variant.num_gpus)
    if said is None:
        return VariantPrior(None, None, cost=cost)
    requests_a_second = said.saturation_tok_s / said.output_tokens
    capacity = requests_a_second * work.of(said.prompt_tokens, said.output_tokens)
    return VariantPrior(capacity, said.cold_start_s, predicted_pace(said), said.ttft_s, cost)
