"""A replica that turns out to do more or less: what is remembered is counted anew, and nothing is forgotten of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.scaling.decide import decide
from orchestrator.core.scaling.levels import STEP, Levels, shifted
from orchestrator.core.scaling.load import Load, VariantLoad
from orchestrator.core.scaling.memory import ScalingMemory
from orchestrator.core.scaling.policy import ScalingPolicy
from orchestrator.core.scaling.trend import spread
from orchestrator.core.scaling.units import aligned

LOOK_S = 10.0
POLICY = ScalingPolicy()


def load(now_s: float, work: float, capacity: float, ready: int = 1) -> Load:
    variants = (VariantLoad("demo", ready, 0, capacity, 60.0, min_replicas=1, max_replicas=1000),)
    return Load(now_s, LOOK_S, work * LOOK_S, 0.0, variants, clock_s=now_s)


def course(capacities: list[float], work: float = 20.0) -> tuple[list[int], ScalingMemory]:
    """A constant load with a burst, of replicas that do so much look by look."""
    memory, ready, counts = None, 1, []
    for number, capacity in enumerate(capacities):
        burst = 2.0 if 100 <= number < 120 else 1.0
        decision, memory = decide(load(number * LOOK_S, work * burst, capacity, ready), POLICY, memory)
        ready = decision.replicas["demo"]
        counts.append(ready)
    assert memory is not None
    return counts, memory


@pytest.mark.parametrize("levels", [-12, -3, 2, 9])
def test_a_pool_whose_replicas_change_goes_on_as_if_they_had_always_been_so(levels: int) -> None:
    now, before = 1.0, STEP**levels
    changed, one = course([before] * 200 + [now] * 100)
    always, other = course([now] * 300)
    assert one.trend.fast == pytest.approx(other.trend.fast)
    assert spread(one.trend) == pytest.approx(spread(other.trend))
    assert one.season.peak == pytest.approx(other.season.peak)
    assert abs(one.levels.reached - other.levels.reached) <= 1
    assert changed[-1] == pytest.approx(always[-1], rel=0.1, abs=2)
    assert changed[201] == pytest.approx(always[201], rel=0.1, abs=2)


def test_replicas_that_do_half_of_what_was_held_are_doubled_at_the_next_look() -> None:
    counts, _ = course([1.0] * 60 + [0.5] * 2)
    assert counts[60] == pytest.approx(2 * counts[59], abs=2)


@given(st.floats(1 / STEP**0.49, STEP**0.49))
def test_less_than_a_level_changes_nothing(times: float) -> None:
    _, memory = course([1.0] * 30)
    assert aligned(memory, times) == memory


@given(st.floats(1e-3, 1e3))
def test_the_unit_is_never_more_than_half_a_level_off(times: float) -> None:
    _, memory = course([1.0] * 30)
    after = aligned(memory, times)
    assert STEP**-0.51 <= after.unit / times <= STEP**0.51
    assert aligned(after, times) == after


LEVELS = st.integers(0, 8).flatmap(
    lambda top: st.builds(
        Levels,
        st.integers(-1, top),
        st.tuples(*[st.floats(0, 9)] * (top + 1)),
        st.lists(st.floats(0, 9), min_size=top + 1, max_size=top + 1).map(lambda gaps: tuple(sorted(gaps))),
    )
)


@given(LEVELS, st.integers(-12, 12))
def test_levels_keep_their_order_and_their_times(levels: Levels, by: int) -> None:
    found = shifted(levels, by)
    assert len(found.left_at_s) == len(found.gaps_s) == max(0, len(levels.left_at_s) + by)
    assert found.gaps_s == tuple(sorted(found.gaps_s))
    assert -1 <= found.reached < max(1, len(found.left_at_s))
    if by > 0:
        assert shifted(found, -by) == levels
