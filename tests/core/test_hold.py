"""How long requests wait for an engine, and when those that cannot may come back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.held import Held, why_held
from orchestrator.core.hold import (
    LEAST_RETRY_S,
    LEAST_WAIT_S,
    REPLICA_S,
    UNPREDICTED_LOAD_S,
    HeldNow,
    HoldLimits,
    Refusal,
    half_of,
    longest_wait_s,
    overfull,
    retry_after_s,
    start_s,
)

SECONDS = st.floats(0, 10_000)
LOADS = st.dictionaries(st.sampled_from("abc"), SECONDS)


@given(st.sets(st.sampled_from("abc")), LOADS, LOADS)
def test_a_start_takes_what_it_took_here_else_what_the_plan_says(
    able: set[str], loaded_s: dict[str, float], predicted_s: dict[str, float]
) -> None:
    known = [loaded_s[name] if name in loaded_s else predicted_s.get(name, UNPREDICTED_LOAD_S) for name in able]
    assert start_s(able, loaded_s, predicted_s) == REPLICA_S + min(known, default=UNPREDICTED_LOAD_S)


@given(SECONDS, SECONDS)
def test_who_comes_back_is_told_whole_seconds_and_no_sooner_than_the_start_is_expected(
    expected_s: float, waited_s: float
) -> None:
    told = retry_after_s(expected_s, waited_s)
    assert isinstance(told, int)
    assert told >= LEAST_RETRY_S
    assert 0 <= told - (expected_s - waited_s) < 1 or told == LEAST_RETRY_S


@given(SECONDS)
def test_a_request_is_held_for_longer_than_a_start_is_expected_to_take(expected_s: float) -> None:
    assert longest_wait_s(expected_s) >= max(LEAST_WAIT_S, expected_s)


@given(st.integers(0, 20), st.integers(0, 20), st.integers(0, 9), st.integers(0, 9))
def test_no_more_is_held_than_may_be(requests: int, size: int, most_requests: int, most_bytes: int) -> None:
    reason = overfull(HeldNow(requests, size, 0, 0.0), HoldLimits(most_requests, most_bytes))
    assert (reason is None) == (requests <= most_requests and size <= most_bytes)
    assert (reason is Refusal.REQUESTS) == (requests > most_requests)


def test_half_of_a_gateway_stays_free_for_what_can_be_answered() -> None:
    assert half_of(480, 512) == HoldLimits(240, 256)


@pytest.mark.parametrize(
    ("full", "target", "states", "reason"),
    [
        (True, 1, {"RUNNING"}, "every engine is full"),
        (False, 0, set(), "scaled to zero"),
        (False, 0, {"STOPPING"}, "scaled to zero"),
        (False, 1, {"STARTING"}, "a replica is starting"),
        (False, 2, {"RUNNING", "STARTING"}, "a replica is starting"),
        (False, 1, {"RUNNING"}, "no engine is ready"),
        (False, 1, set(), "no engine is ready"),
    ],
)
def test_the_reason_is_what_the_replicas_show(full: bool, target: int, states: set[str], reason: str) -> None:
    assert why_held(Held(1, 10, 0.0, 5.0, full), target, states) == reason
