"""Values of the core as JSON: every number comes back bit for bit."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.adapters.typed_json import TypedJson
from orchestrator.core.scaling.decision import DecisionStep
from orchestrator.core.scaling.seen import VariantSeen

STEP: TypedJson[DecisionStep] = TypedJson(DecisionStep)
SEEN: TypedJson[VariantSeen] = TypedJson(VariantSeen)


@given(st.floats(), st.text())
def test_numbers_and_texts_come_back_as_they_were(value: float, reason: str) -> None:
    found = STEP.load(STEP.dump(DecisionStep("a", value, reason)))
    assert found.reason == reason
    assert math.isnan(value) or struct.pack("d", found.value) == struct.pack("d", value)
    assert math.isnan(value) == math.isnan(found.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"1", "DecisionStep: Input should be an object"),
        (b"[]", "DecisionStep: Input should be an object"),
        (b'{"name":"a"}', "value: Field required"),
        (b'{"name":"a","value":"1","reason":""}', "value: Input should be a valid number"),
        (b'{"name":"a","value":1.0,"reason":"","more":1}', "more: Unexpected keyword argument"),
        (b"{}],[{}", "Invalid JSON"),
        (b"\xff", "Invalid JSON"),
    ],
)
def test_what_is_no_such_value_is_refused_and_said(text: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        STEP.load(text)


def test_what_it_would_not_write_so_it_does_not_read() -> None:
    with pytest.raises(ValueError, match="no DecisionStep of this version"):
        STEP.load(b'{"name":"a", "value":1.0,"reason":""}')


def test_a_replica_that_told_nothing_stays_one() -> None:
    seen = VariantSeen("a", 0, 1, 1, {"r": None})
    assert SEEN.load(SEEN.dump(seen)) == seen
