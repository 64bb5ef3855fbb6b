"""The largest of the last values."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.scaling.sliding import Sliding, largest, with_value


@given(st.lists(st.tuples(st.floats(0.1, 50), st.floats(-5, 5)), min_size=1, max_size=60), st.floats(1, 100))
def test_it_is_the_largest_of_those_within_the_window(steps: list[tuple[float, float]], window_s: float) -> None:
    now_s, seen = 0.0, list[tuple[float, float]]()
    sliding: Sliding = ()
    for pause_s, value in steps:
        now_s += pause_s
        seen.append((now_s, value))
        sliding = with_value(sliding, now_s, value, window_s)
        assert largest(sliding) == max(v for at_s, v in seen if at_s > now_s - window_s)
