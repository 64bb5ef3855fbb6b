"""Which variants of a fleet can take a request: what one of them cannot take is no reason to refuse another's."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class VariantLimits:
    """What the engines of one variant take; `max_images` is 0 where no vision encoder is loaded."""

    name: str  # of its deployment
    engine: str
    max_model_len: int
    max_images: int  # of one request


Variants = tuple[VariantLimits, ...]
ImageTokens = Mapping[str, int]  # what the images of a request take, by the engine that scales them
NO_IMAGES: ImageTokens = {}


def names(variants: Variants) -> frozenset[str]:
    return frozenset(variant.name for variant in variants)


def longest_context(variants: Variants) -> int:
    """In tokens, of those variants that have the longest."""
    return max(variant.max_model_len for variant in variants)


def most_images(variants: Variants) -> int:
    return max(variant.max_images for variant in variants)


def taking_images(variants: Variants, count: int) -> Variants:
    return tuple(variant for variant in variants if count <= variant.max_images)


def holding(variants: Variants, tokens: int, image_tokens: ImageTokens = NO_IMAGES) -> Variants:
    """Those whose context has room for the text of a prompt and its answer, of `tokens` together, and its images."""
    return tuple(each for each in variants if tokens + image_tokens.get(each.engine, 0) <= each.max_model_len)


def holding_counted(
    variants: Variants, counting: Collection[str], most_tokens: int, tokens: int, image_tokens: ImageTokens = NO_IMAGES
) -> Variants:
    """Those that hold `tokens`, as the engines in `counting` would count them; there were `most_tokens` at most.

    Where another engine does as well, one that cannot count is asked only for what it holds at the most.
    """
    trusted = {True: tokens, False: most_tokens}
    strictly = tuple(each for each in variants if holding((each,), trusted[each.engine in counting], image_tokens))
    return strictly or holding(variants, tokens, image_tokens)


def uncounted(variants: Variants, counting: Collection[str]) -> Variants:
    """Those whose engine does not tell how many tokens a prompt has."""
    return tuple(variant for variant in variants if variant.engine not in counting)


def holding_most(variants: Variants) -> Variants:
    """Those with the longest context."""
    return holding(variants, longest_context(variants))


def variants_from_data(data: Collection[Mapping[str, Any]]) -> Variants:
    """Read limits that were written as JSON; raises TypeError on another version's."""
    return tuple(VariantLimits(**each) for each in data)
