"""When an engine that answers is wedged all the same."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.prediction import Prediction
from orchestrator.core.progress import LEAST_STALL_S, UNPREDICTED_STALL_S, Progress, stall_s

SAID = Prediction(35.2, 120.0, 8, 900.0, 1.1, 1024, 256, 12.0, ())


def test_work_without_a_token_for_longer_than_is_allowed_is_a_stall() -> None:
    seen = Progress(10, 0.0).after(True, 10, 40.0).after(True, 10, 80.0)
    assert not seen.stalled(60.0, stall_s=60)
    assert seen.stalled(80.0, stall_s=60)
    assert not seen.stalled(80.0, stall_s=None)


def test_a_token_or_a_pause_begins_the_time_anew() -> None:
    assert not Progress(10, 0.0).after(True, 11, 50.0).stalled(100.0, stall_s=60)
    assert not Progress(10, 0.0).after(False, 10, 50.0).stalled(100.0, stall_s=60)


@given(st.lists(st.integers(0, 5), max_size=30))
def test_an_engine_without_work_never_stalls(totals: list[int]) -> None:
    seen = Progress(0, 0.0)
    for now_s, total in enumerate(totals):
        seen = seen.after(False, total, now_s)
        assert not seen.stalled(now_s, stall_s=0.5)


def test_the_longest_prompt_may_take_three_times_what_was_predicted() -> None:
    assert stall_s(262_144, SAID) == 3 * 262_144 / 900
    assert stall_s(1024, SAID) == LEAST_STALL_S
    assert stall_s(1024, None) == stall_s(1024, replace(SAID, prefill_tok_s=0.0)) == UNPREDICTED_STALL_S
