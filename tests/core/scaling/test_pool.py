"""From what replicas tell to how many there are: enough for the load, and none taken away for want of knowledge."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.adapters.look_pieces import MEMORY
from orchestrator.core.scaling.cold_start import LEAST_STUCK_S
from orchestrator.core.scaling.goal import ScalingGoal
from orchestrator.core.scaling.pool import pool_step
from orchestrator.core.scaling.pool_memory import MOST_GAP_S
from orchestrator.core.scaling.seen import PoolSeen, ReplicaSample, VariantSeen
from tests.core.scaling.seen_pools import COLD_START_S, NAME, PLACES, POLICY, PRIOR, PoolRun

BUSY = 14.0  # requests a second: three and a half replicas


def values(run: PoolRun) -> dict[str, float]:
    assert run.decision is not None
    return {step.name: step.value for step in run.decision.steps}


def busy(seconds: int = 60) -> PoolRun:
    run = PoolRun()
    run.run(seconds, BUSY)
    return run


def test_replicas_follow_the_load_up_and_down() -> None:
    run = busy()
    assert run.asked >= 4
    assert run.waiting == 0
    assert run.run(120, 0.0)[-1] == 1


def test_what_arrives_is_counted_before_it_is_served() -> None:
    run = PoolRun()
    run.run(10, 1.0)
    asked = run.asked
    assert max(run.run(4, 40.0)) > asked


def test_what_arrived_is_in_the_long_run_what_was_served_whatever_a_request_is_taken_to_be() -> None:
    run = PoolRun(asked=4, ages_s=dict.fromkeys(("a", "b", "c", "d"), 9.0), tokens=dict.fromkeys("abcd", 0.0))
    run.run(300, 8.0)
    assert values(run)["demand"] * values(run)["capacity"] == pytest.approx(8.0, rel=0.05)


def test_a_replica_that_is_full_shows_what_it_can_do() -> None:
    run = PoolRun(most=1)
    run.run(5, 1.0)
    assert values(run)["capacity"] == 4.0
    slow = replace(run)
    for _ in range(60):  # full all the time, and half as fast as was predicted
        slow.now_s += 1
        slow.waiting += 2
        slow.ages_s["r0"] += 1
        slow.tokens["r0"] += 200
        slow.look(slow.seen(PLACES))
    assert values(slow)["capacity"] == pytest.approx(2.0, rel=0.1)


def test_starts_show_how_long_they_take() -> None:
    assert values(busy())["cold start"] == pytest.approx(COLD_START_S, abs=1)


@given(
    st.sampled_from([
        None,
        ReplicaSample(500.0, math.nan, 0, 0, 0, 4),
        ReplicaSample(500.0, -3, 0, 0, 0, 4),
        ReplicaSample(500.0, 0, math.inf, 0, 0, 4),
        ReplicaSample(1.0, 0, 0, 0, 0, 4),
    ]),
    st.integers(1, 200),
)  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_replicas_that_tell_nothing_or_nonsense_are_kept(sample: ReplicaSample | None, looks: int) -> None:
    run = busy()
    asked = run.asked
    for _ in range(looks):
        run.now_s += 1
        assert run.look(run.told(sample)) >= asked


@pytest.mark.parametrize("seconds", [1e6, 1e14])
def test_a_full_replica_that_says_it_took_ages_for_nothing_is_no_end_of_deciding(seconds: float) -> None:
    pool = PoolRun()
    pool.run(30, 2.0)
    for after_s, tokens in ((1.0, 1e-313), (2.0, 2e-313), (seconds, 3e-313), (seconds + 1, 4e-313)):
        pool.now_s += 1
        nonsense = ReplicaSample(100.0 + after_s, PLACES, 1.0, 0.0, tokens, PLACES)
        assert 1 <= pool.look(pool.told(nonsense)) <= 6


def test_one_that_is_silent_among_others_keeps_all() -> None:
    run = busy()
    asked, silent = run.asked, next(iter(run.ages_s))
    for _ in range(60):
        run._pass(0.0)
        seen = run.seen()
        (variant,) = seen.variants
        one = replace(variant, replicas={**variant.replicas, silent: None})
        assert run.look(replace(seen, variants=(one,))) == asked
    assert values(run)["told"] == asked - 1


def test_what_is_told_again_and_again_is_old_after_a_while() -> None:
    run = busy()
    asked, stands = run.asked, run.seen()
    for _ in range(60):
        run.now_s += 1
        assert run.look(replace(stands, now_s=run.now_s)) == asked


def test_totals_that_begin_anew_are_no_load() -> None:
    run = busy()
    asked = run.asked
    run.tokens = dict.fromkeys(run.tokens, 0.0)
    run.ages_s = dict.fromkeys(run.ages_s, 0.0)
    assert run.run(2, BUSY) == [asked] * 2
    assert values(run)["demand"] == pytest.approx(BUSY / 4, rel=0.3)


@given(st.sampled_from([-3600.0, -0.5, MOST_GAP_S + 1, 86_400.0]))
@settings(max_examples=4, deadline=None)
def test_a_clock_that_jumps_changes_nothing(jump_s: float) -> None:
    run = busy()
    asked = run.asked
    run.now_s += jump_s
    assert run.look(run.seen(0.0)) == asked
    assert run.run(10, 0.0) == [asked] * 10


def test_a_policy_that_lost_its_memory_takes_totals_for_no_load() -> None:
    run = busy()
    asked = run.asked
    run.memory = None
    assert run.look(run.told(None)) == asked
    assert set(run.run(10, BUSY)) == {asked}


@given(st.lists(st.floats(0, 60), min_size=1, max_size=60), st.integers(0, 3), st.integers(3, 8))
@settings(max_examples=40, deadline=None)
def test_bounds_hold_and_a_memory_survives_being_written(loads: list[float], least: int, most: int) -> None:
    run = PoolRun(least=least, most=most)
    for load in loads:
        assert least <= run.step(load) <= most
        assert run.memory is not None
        run.memory = MEMORY.load(MEMORY.dump(run.memory))


def test_the_same_looks_with_and_without_a_restart_give_the_same_answers() -> None:
    one, other = busy(30), busy(30)
    assert other.memory is not None
    other.memory = MEMORY.load(MEMORY.dump(other.memory))
    assert one.run(60, 3.0) == other.run(60, 3.0)


def test_replicas_that_never_get_ready_are_told_of_and_not_reckoned_with() -> None:
    run = PoolRun(comes_up=False)
    run.run(5, BUSY)
    assert run.asked > 1
    assert "stuck" not in values(run)
    run.run(2 * int(LEAST_STUCK_S), BUSY)
    assert values(run)["stuck"] > 2
    assert run.asked <= run.most


def test_where_one_variant_never_starts_another_grows_instead() -> None:
    priors = dict.fromkeys(("broken", "sound"), PRIOR.variants[NAME])
    prior, memory, tokens, found = replace(PRIOR, variants=priors), None, 0.0, []
    asked = {"broken": 1, "sound": 1}
    for second in range(40):
        tokens += 400
        sample = ReplicaSample(50.0 + second, PLACES, 20.0 + second, 0.0, tokens, PLACES)
        ready = {"broken": {}, "sound": {"r0": sample}}
        variants = tuple(VariantSeen(name, 0, 3, asked[name], ready[name]) for name in asked)
        decision, memory = pool_step(PoolSeen(second, variants), ScalingGoal(), POLICY, prior, memory)
        asked = dict(decision.replicas)
        found.append(asked)
    late_s = int(LEAST_STUCK_S)
    assert [each["sound"] for each in found[:late_s]] == [1] * late_s
    assert found[late_s + 3]["sound"] > 1


def test_an_empty_pool_wakes_for_what_the_gateway_holds() -> None:
    run = PoolRun(least=0, asked=0, ages_s={}, tokens={})
    assert run.run(40, 0.0)[-1] == 0
    run.now_s += 1
    assert run.look(replace(run.seen(), held_requests=1.0)) >= 1


def three(tokens_a_second: float, unfinished: float) -> list[int]:
    """Of three replicas none answers a request for so long, whatever they do."""
    run = PoolRun(least=0, asked=3, ages_s=dict.fromkeys("abc", 90.0), tokens=dict.fromkeys("abc", 0.0))
    counts = []
    for _ in range(60):
        run._pass(0.0)
        run.tokens = {name: tokens + tokens_a_second for name, tokens in run.tokens.items()}
        counts.append(run.look(run.seen(unfinished)))
    return counts


def test_what_only_asks_whether_a_model_answers_keeps_no_replica() -> None:
    assert three(tokens_a_second=6.0, unfinished=0.0)[-1] == 0


def test_an_answer_that_takes_long_is_work() -> None:
    assert three(tokens_a_second=300.0, unfinished=9.0)[-1] == 3
