"""Which engine gets a request."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.routing import EngineLoad, pick, saturated

LOADS = st.lists(
    st.builds(EngineLoad, st.text(min_size=1), st.integers(0, 9), st.integers(1, 9), st.booleans()),
    unique_by=lambda load: load.replica_id,
)


@given(LOADS, st.data(), st.integers(0, 100))
def test_the_pick_is_ready_untried_has_room_and_nobody_has_fewer(
    loads: list[EngineLoad], data: st.DataObject, turn: int
) -> None:
    ids = [load.replica_id for load in loads]
    tried = data.draw(st.sets(st.sampled_from(ids))) if ids else set()
    able = [e for e in loads if e.ready and e.replica_id not in tried and e.in_flight < e.max_in_flight]
    choice = pick(loads, tried, turn)
    assert (choice is None) == (not able)
    if choice is not None:
        assert choice in able
        assert choice.in_flight == min(engine.in_flight for engine in able)


@given(st.integers(2, 9), st.integers(0, 100))
def test_equal_engines_take_turns(count: int, start: int) -> None:
    loads = [EngineLoad(str(number), 0, 1, ready=True) for number in range(count)]
    picked = [pick(loads, (), turn) for turn in range(start, start + count)]
    assert {engine.replica_id for engine in picked if engine} == {str(number) for number in range(count)}


@given(LOADS)
def test_a_table_is_saturated_when_engines_are_ready_and_none_has_room(loads: list[EngineLoad]) -> None:
    ready = [load for load in loads if load.ready]
    assert saturated(loads) == (bool(ready) and pick(loads, (), 0) is None)
