"""The tokens of an image, against what the engines reported of real ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.image_tokens import BOUNDS, SIDE, TOKENS_AROUND, image_tokens
from tests.pictures import MEASURED_SIZES

SIDES = st.integers(1, 6000)


@pytest.mark.parametrize(("size", "llama_cpp", "vllm"), MEASURED_SIZES)
def test_it_is_what_the_engines_count(size: tuple[int, int], llama_cpp: int, vllm: int) -> None:
    assert image_tokens(*size, "llama.cpp") == llama_cpp
    assert image_tokens(*size, "vllm") == vllm


@given(SIDES, SIDES, st.sampled_from(sorted(BOUNDS)))
def test_it_stays_within_the_bounds_of_the_engine(width: int, height: int, engine: str) -> None:
    tokens = image_tokens(width, height, engine) - TOKENS_AROUND
    assert tokens >= BOUNDS[engine].least // SIDE**2
    most = BOUNDS[engine].most // SIDE**2
    assert tokens <= most or min(width, height) * 100 < max(width, height)  # a strip is at least one square wide
