"""Which engine gets a request."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.routing import EngineLoad, pick, saturated

VARIANTS = ("a", "b", "c")
ABLE = st.sets(st.sampled_from(VARIANTS))
LOADS = st.lists(
    st.builds(
        EngineLoad, st.text(min_size=1), st.sampled_from(VARIANTS), st.integers(0, 9), st.integers(1, 9), st.booleans()
    ),
    unique_by=lambda load: load.replica_id,
)


@given(LOADS, ABLE, st.integers(0, 100))
def test_the_pick_is_able_ready_has_room_and_nobody_has_fewer(
    loads: list[EngineLoad], variants: set[str], turn: int
) -> None:
    ready = [e for e in loads if e.ready and e.variant in variants]
    able = [e for e in ready if e.in_flight < e.max_in_flight]
    choice = pick(loads, variants, turn)
    assert (choice is None) == (not able)
    if choice is not None:
        assert choice in able
        assert choice.in_flight == min(engine.in_flight for engine in able)


@given(st.integers(2, 9), st.integers(0, 100))
def test_equal_engines_take_turns(count: int, start: int) -> None:
    loads = [EngineLoad(str(number), "a", 0, 1, ready=True) for number in range(count)]
    picked = [pick(loads, ("a",), turn) for turn in range(start, start + count)]
    assert {engine.replica_id for engine in picked if engine} == {str(number) for number in range(count)}


@given(LOADS, ABLE)
def test_a_table_is_saturated_when_able_engines_are_ready_and_none_has_room(
    loads: list[EngineLoad], able: set[str]
) -> None:
    ready = [load for load in loads if load.ready and load.variant in able]
    assert saturated(loads, able) == (bool(ready) and pick(loads, able, 0) is None)
