"""Which variants hold a request."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.variant_limits import (
    VariantLimits,
    Variants,
    holding,
    holding_counted,
    holding_most,
    longest_context,
    names,
    taking_images,
    uncounted,
)

COUNTING = ("llama.cpp", "vllm")
TOKENS = st.integers(1, 40)
VARIANTS = st.lists(
    st.builds(
        VariantLimits,
        name=st.uuids().map(str),
        engine=st.sampled_from((*COUNTING, "ollama")),
        max_model_len=TOKENS,
        max_images=st.integers(0, 3),
    ),
    min_size=1,
    max_size=4,
).map(tuple)


@given(VARIANTS, TOKENS, st.integers(0, 40))
def test_once_counted_some_variant_holds_a_request_exactly_when_the_longest_context_does(
    variants: Variants, tokens: int, more: int
) -> None:
    found = holding_counted(variants, COUNTING, tokens + more, tokens)
    assert bool(found) == (tokens <= longest_context(variants))
    assert all(tokens <= each.max_model_len for each in found)


@given(VARIANTS, TOKENS, st.integers(0, 40))
def test_every_variant_that_counts_and_holds_a_request_may_be_asked(variants: Variants, tokens: int, more: int) -> None:
    found = holding_counted(variants, COUNTING, tokens + more, tokens)
    counting = [each for each in variants if each.engine in COUNTING and tokens <= each.max_model_len]
    assert [each for each in found if each.engine in COUNTING] == counting
    if counting:
        assert uncounted(found, COUNTING) == holding(uncounted(variants, COUNTING), tokens + more)


@given(VARIANTS, st.integers(0, 4))
def test_images_go_to_those_that_take_as_many(variants: Variants, count: int) -> None:
    assert {each.max_images >= count for each in taking_images(variants, count)} <= {True}
    assert {each.max_images < count for each in set(variants) - set(taking_images(variants, count))} <= {True}


@given(VARIANTS)
def test_nobody_has_a_longer_context_than_those_with_the_longest(variants: Variants) -> None:
    assert {each.max_model_len for each in holding_most(variants)} == {max(each.max_model_len for each in variants)}
    assert names(holding_most(variants)) <= names(variants)
