"""Recorded looks are decided again as they were, whatever was seen; what comes out otherwise is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.adapters.look_pieces import MEMORY, LookStream, packed, segment
from orchestrator.core.scaling.budget import Budget
from orchestrator.core.scaling.decision import DecisionStep
from orchestrator.core.scaling.goal import ScalingGoal
from orchestrator.core.scaling.looks import Look, Segment
from orchestrator.core.scaling.own_ttft import FirstTokens
from orchestrator.core.scaling.policy import ScalingPolicy
from orchestrator.core.scaling.pool import pool_step
from orchestrator.core.scaling.pool_memory import PoolMemory
from orchestrator.core.scaling.schedule import parse_window
from orchestrator.core.scaling.seen import PoolSeen, ReplicaSample, VariantSeen
from orchestrator.core.scaling.tpot_spread import BINS
from orchestrator.core.scaling.verify import Verified, verified
from tests.core.scaling.seen_pools import BEGIN_S, NAME, POLICY, PRIOR, PoolRun

amounts = st.one_of(st.floats(0, 1e6), st.floats())
samples = st.one_of(st.none(), st.builds(ReplicaSample, *[amounts] * 6))
variants = st.builds(
    VariantSeen, st.just(NAME), st.integers(0, 3), st.integers(3, 9), st.integers(0, 9),
    st.dictionaries(st.sampled_from(["a", "b", "c"]), samples),
    st.dictionaries(st.integers(0, BINS - 1), st.floats(0, 1e9), max_size=3),
)  # fmt: skip
steps_s = st.one_of(st.floats(0.4, 2.0), st.sampled_from([0.0, -5.0, -3600.0, 61.0, 86_400.0]))
policies = st.sampled_from([POLICY, ScalingPolicy(), ScalingPolicy(0.5, 0.95, 4.0)])
goals = st.sampled_from(
    [
        ScalingGoal(),
        ScalingGoal(tok_s=900.0, tpot_s=0.02, schedule=(parse_window("daily 09:00-18:00 Asia/Tokyo min=2"),)),
        ScalingGoal(wait_s=0.5, ttft_s=1.0, attainment=0.95, cost_per_hour=2.0, budget=Budget("team", 3.0)),
    ]
)
first_tokens = st.none() | st.builds(FirstTokens, st.floats(0, 1e9), st.floats(0, 1e9))
told = st.tuples(
    steps_s, variants, st.none() | st.floats(0, 1e9), st.floats(0, 100), first_tokens, goals, policies, st.booleans()
)
Told = tuple[float, VariantSeen, float | None, float, FirstTokens | None, ScalingGoal, ScalingPolicy, bool]


def record(found: Sequence[Told]) -> list[Segment]:
    """As a controller that ends wherever the last of each is true, and another that goes on from the file."""
    now_s, memory, segments = BEGIN_S, None, []
    begin, looks = memory, list[Look]()
    for step_s, variant, answered, held, begun, goal, policy, ends in found:
        now_s += step_s
        seen = PoolSeen(now_s, (variant,), answered, held, begun)
        decision, memory = pool_step(seen, goal, policy, PRIOR, memory)
        looks.append(Look(seen, goal, policy, PRIOR, decision))
        if ends:
            segments.append(written(begin, looks))
            memory = MEMORY.load(MEMORY.dump(memory))
            begin, looks = memory, []
    return [*segments, written(begin, looks)]


def written(memory: PoolMemory | None, looks: Sequence[Look]) -> Segment:
    stream = LookStream()
    return segment(packed(memory), [stream.piece([look]) for look in looks])


@given(st.lists(told, min_size=1, max_size=40))
@settings(max_examples=150, deadline=None)
def test_whatever_was_seen_is_decided_again_bit_for_bit(
    found: list[Told],
) -> None:
    *_, result = verified(record(found))
    assert (result.looks, result.difference) == (len(found), None)


def recorded(looks: int = 60) -> list[Segment]:
    """Of a pool under load, in two segments."""
    run, segments = PoolRun(), []
    for _ in range(2):
        memory, made = run.memory, []
        for _ in range(looks // 2):
            run.step(9.0)
            assert run.last is not None
            assert run.decision is not None
            made.append(Look(run.last, run.goal, POLICY, PRIOR, run.decision))
        segments.append(Segment(memory, tuple(made)))
    return segments


def with_look(segment: Segment, number: int, look: Look) -> Segment:
    return replace(segment, looks=(*segment.looks[:number], look, *segment.looks[number + 1 :]))


def last(segments: Sequence[Segment]) -> Verified:
    *_, found = verified(segments)
    return found


def test_it_tells_how_many_and_from_when_to_when() -> None:
    assert last(recorded()) == Verified(60, BEGIN_S + 1, BEGIN_S + 60)
    assert list(verified([])) == []


def test_the_first_step_that_comes_out_otherwise_is_named_with_both_values() -> None:
    first, second = recorded()
    look = second.looks[7]
    steps = tuple(
        replace(each, value=each.value + 1e-15) if each.name == "reserve" else each for each in look.decision.steps
    )
    changed = with_look(second, 7, replace(look, decision=replace(look.decision, steps=steps)))
    found = last([first, changed])
    assert found.looks == 38
    assert found.difference is not None
    assert (found.difference.at_s, found.difference.step) == (look.seen.now_s, "reserve")
    assert found.difference.recorded != found.difference.again


def test_a_step_too_many_or_another_answer_is_named() -> None:
    first, second = recorded()
    look = first.looks[3]
    more = replace(look.decision, steps=(*look.decision.steps, DecisionStep("hope", 1.0, "none")))
    found = last([with_look(first, 3, replace(look, decision=more)), second]).difference
    assert found is not None
    assert (found.step, found.recorded, found.again) == ("hope", "1.0 (none)", "no such step")
    other = replace(look.decision, replicas={NAME: 99})
    found = last([with_look(first, 3, replace(look, decision=other)), second]).difference
    assert found is not None
    assert (found.step, found.recorded) == ("answer", "{'demo': 99} of {'demo': 3} wanted")


def test_what_is_remembered_is_held_against_the_segment_before() -> None:
    first, second = recorded()
    assert second.memory is not None
    found = last([first, replace(second, memory=replace(second.memory, owed=-1.0))]).difference
    assert found is not None
    assert (found.at_s, found.step) == (BEGIN_S + 30, "memory")


def test_a_segment_that_does_not_follow_the_one_before_stands_alone() -> None:
    first, second = recorded()
    assert last([replace(first, looks=first.looks[:-1]), second]) == Verified(59, BEGIN_S + 1, BEGIN_S + 60)


def test_other_goals_decide_otherwise() -> None:
    first, second = recorded()
    other = with_look(first, 20, replace(first.looks[20], goal=ScalingGoal(tok_s=900.0)))
    assert last([other, second]).difference is not None
