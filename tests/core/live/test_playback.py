"""core.live.playback: where in a recording one is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.live.playback import FASTEST, SLOWEST, Playback

START = Playback(begin_s=100.0, end_s=200.0, at_s=100.0)
FLOATS = st.floats(-1e6, 1e6)


@given(st.lists(st.tuples(st.sampled_from(["after", "at", "faster", "paused_at"]), FLOATS)), st.booleans())
def test_it_is_always_within_the_recording_at_a_speed_that_there_is(keys: list[tuple[str, float]], loops: bool):
    playback = Playback(100.0, 200.0, 100.0, loops=loops)
    for name, value in keys:
        playback = getattr(playback, name)(abs(value) if name == "after" else value)
        assert 100.0 <= playback.at_s <= 200.0
        assert SLOWEST <= playback.speed <= FASTEST
        assert 0.0 <= playback.share <= 1.0


def test_it_goes_on_at_its_speed_unless_it_is_paused():
    fast = START.faster(2.0).faster(2.0)
    assert fast.after(5.0).at_s == 120.0
    assert fast.toggled().after(5.0).at_s == 100.0
    assert fast.toggled().toggled().after(5.0).at_s == 120.0


def test_at_the_end_it_stays_or_begins_anew():
    assert START.at(199.0).after(5.0).at_s == 200.0
    looped = Playback(100.0, 200.0, 199.0, loops=True).after(5.0)
    assert looped.at_s == 100.0


def test_going_on_from_the_end_begins_anew():
    assert START.paused_at(200.0).toggled() == START


@pytest.mark.parametrize(("keys", "speed"), [([0.5] * 9, SLOWEST), ([2.0] * 9, FASTEST), ([2.0, 0.5], 1.0)])
def test_speeds_double_and_halve_within_bounds(keys: list[float], speed: float):
    playback = START
    for factor in keys:
        playback = playback.faster(factor)
    assert playback.speed == speed


def test_of_a_recording_of_one_frame_all_lies_behind():
    assert Playback(100.0, 100.0, 100.0).share == 1.0
