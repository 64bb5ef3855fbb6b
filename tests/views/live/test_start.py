"""The start of a replica, as lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.live.snapshot import ReplicaRow
from orchestrator.views.live.span import Tone, text_of
from orchestrator.views.live.start import is_late, start_lines, starting_text
from tests.core.live.made import BEGIN_S, row

STEPS = {"placed": 2.0, "weights": 30.0, "first completion": 0.25}


def starting(**fields: object) -> ReplicaRow:
    return row(state="STARTING", ready=False, started_at_s=BEGIN_S, **fields)


def shown(one: ReplicaRow, after_s: float = 12.0) -> list[str]:
    return [text_of(line) for line in start_lines(one, BEGIN_S + after_s)]


def test_each_step_has_its_seconds_and_a_bar_of_its_share() -> None:
    assert shown(row(start_steps=STEPS)) == [
        "start  ready after 32.2s",
        f"  placed               2.0s  {'█' * 2}",
        f"  weights             30.0s  {'█' * 28}",
        "  first completion    250ms  ",
    ]


def test_it_stands_beside_what_was_planned_which_leaves_out_the_placing() -> None:
    assert shown(row(start_steps=STEPS, predicted_start_s=28.0))[0] == (
        "start  ready after 32.2s; after it was placed 30.2s, planned about 28.0s"
    )


def test_one_that_goes_on_says_for_how_long_of_how_long() -> None:
    assert starting_text(starting(predicted_start_s=40.0), BEGIN_S + 12) == "10s of ~40s"
    assert starting_text(starting(), BEGIN_S + 12) == "10s"
    assert starting_text(row(started_at_s=BEGIN_S), BEGIN_S + 12) == ""
    assert shown(starting(predicted_start_s=40.0)) == ["start  goes on, 10s of ~40s"]


@pytest.mark.parametrize(("after_s", "late"), [(12, False), (80, False), (81, True)])
def test_one_that_takes_more_than_twice_as_long_as_planned_is_late(after_s: float, late: bool) -> None:
    one = starting(predicted_start_s=40.0)
    assert is_late(one, BEGIN_S + after_s) is late
    (line,) = start_lines(one, BEGIN_S + after_s)
    assert line[1].tone is (Tone.BAD if late else Tone.WARN)


@given(st.dictionaries(st.text(max_size=9), st.floats(), max_size=4), st.none() | st.floats())
def test_whatever_is_told_of_a_start_can_be_shown(steps: dict[str, float], planned_s: float | None) -> None:
    assert all(line.isprintable() for line in shown(row(start_steps=steps, predicted_start_s=planned_s)))
    assert starting_text(starting(predicted_start_s=planned_s), BEGIN_S).isprintable()


def test_one_of_which_nobody_tells_says_so() -> None:
    assert shown(row()) == ["start  nobody tells how it went"]
