"""How many replicas: whatever the load, within bounds; calm under constant load; never fewer for want of knowledge."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.core.scaling.counted import steady
from orchestrator.core.scaling.decide import decide
from orchestrator.core.scaling.levels import SPARE, STEP
from orchestrator.core.scaling.load import Load, VariantLoad
from orchestrator.core.scaling.mix import mixed
from orchestrator.core.scaling.reserve import PRIOR, _bin
from orchestrator.core.scaling.times import times_of
from orchestrator.core.scaling.trend import spread
from tests.core.scaling.pools import EVERY_S, ONE, POLICY, answers, load, replicas

DEMANDS = st.lists(st.floats(0, 60), min_size=1, max_size=80)
HOUR = int(3600 / EVERY_S)


@given(DEMANDS, st.integers(0, 5), st.integers(5, 30))
def test_bounds_always_hold(demands: list[float], least: int, most: int) -> None:
    variant = replace(ONE, min_replicas=least, max_replicas=most)
    assert all(least <= count <= most for count in replicas(demands, variant))


@given(st.floats(0.1, 50))
@settings(max_examples=20)
def test_constant_load_settles_on_enough_and_little_more(demand: float) -> None:
    counts = replicas([demand] * 2 * HOUR)
    assert counts[HOUR // 2 :] == sorted(counts[HOUR // 2 :], reverse=True)
    assert demand <= counts[-1] <= demand + 2 * math.sqrt(max(demand, 1)) + 1


@given(DEMANDS, st.floats(0, 60), st.floats(0, 60), st.floats(0, 1000))
def test_more_demand_never_lowers_the_answer(demands: list[float], one: float, other: float, waiting: float) -> None:
    _, memory = answers(demands)[-1]
    less, more = sorted((one, other))
    now_s = len(demands) * EVERY_S
    variant = replace(ONE, ready=20)
    few, many = (decide(load(now_s, each, variant, waiting), POLICY, memory)[0] for each in (less, more))
    longer = decide(load(now_s, more, variant, waiting + 100), POLICY, memory)[0]
    assert few.replicas["one"] <= many.replicas["one"] <= longer.replicas["one"]


@given(
    DEMANDS,
    st.sampled_from([None, math.nan, math.inf, -1.0]),
    st.sampled_from([0.0, math.nan, -5.0]),
    st.sampled_from([EVERY_S, 0.0, -30.0, math.nan]),
)
def test_what_is_not_known_or_makes_no_sense_changes_nothing(
    demands: list[float], arrived: float | None, waiting: float, interval_s: float
) -> None:
    count, memory = answers(demands)[-1]
    variant = replace(ONE, ready=count)
    now_s = len(demands) * EVERY_S
    decision, left = decide(Load(now_s, interval_s, arrived, waiting, (variant,)), POLICY, memory)
    assert decision.replicas == {"one": count}
    assert decision.steps[0].name == "held"
    assert left == replace(memory, worked_s=now_s)


def test_the_first_look_may_be_blind() -> None:
    decision, memory = decide(Load(5.0, EVERY_S, None, 0.0, (ONE,)), POLICY, None)
    assert decision.replicas == {"one": 1}
    assert decide(load(15.0, 3.0), POLICY, memory)[0].replicas["one"] >= 3


@given(DEMANDS)
def test_the_same_looks_give_the_same_answers(demands: list[float]) -> None:
    assert answers(demands) == answers(demands)


def test_a_step_is_answered_at_the_next_look_and_given_back_once_it_is_over() -> None:
    counts = replicas([2.0] * HOUR + [20.0] * 6 + [2.0] * 2 * HOUR)
    assert counts[HOUR] > counts[HOUR - 1]
    assert max(counts[HOUR : HOUR + 6]) >= 20
    assert counts[-1] < 15
    falling = counts[counts.index(max(counts)) :]
    assert falling == sorted(falling, reverse=True)


def test_a_steady_rise_is_met_ahead_of_time() -> None:
    rise = [2 + look * 0.2 for look in range(90)]
    counts = replicas([2.0] * HOUR + rise)
    ahead = int(ONE.cold_start_s / EVERY_S)
    behind = sum(counts[HOUR + look] < rise[look + ahead] for look in range(12, 90 - ahead))
    assert behind == 0


def test_the_answer_is_for_the_demand_to_come_and_its_reserve() -> None:
    rise = [2 + look * 0.2 for look in range(90)]
    _, memory = answers(rise)[-1]
    decision, _ = decide(load(90 * EVERY_S, 20.0, replace(ONE, ready=25)), POLICY, memory)
    said = {step.name: step.value for step in decision.steps}
    assert said["expected"] > said["demand"] + 0.5
    assert decision.replicas["one"] >= said["expected"] + said["reserve"]


def test_what_waits_is_served_by_more() -> None:
    _, memory = answers([12.0] * HOUR)[-1]
    busy = load(HOUR * EVERY_S, 12.0, replace(ONE, ready=12), waiting=300.0)
    assert decide(busy, POLICY, memory)[0].replicas["one"] >= 12 + 300 / 30


def test_what_those_there_serve_before_another_could_is_no_reason_for_more() -> None:
    count, memory = answers([5.0] * HOUR)[-1]
    spare = load(HOUR * EVERY_S, 5.0, replace(ONE, ready=count + 40), waiting=1000.0)
    assert decide(spare, POLICY, memory)[0].replicas["one"] == count


def test_a_quiet_first_look_teaches_no_large_error() -> None:
    _, memory = answers([1.0] + [13.0] * 60)[-1]
    assert not any(memory.plain.reserve.bins[_bin(PRIOR) + 1 :])


@pytest.mark.parametrize("cold_start_s", [1.0, 60.0, 600.0])
def test_replicas_for_what_came_are_held_for_five_minutes_or_two_cold_starts(cold_start_s: float) -> None:
    times = times_of(load(0.0, 1.0, replace(ONE, cold_start_s=cold_start_s)), POLICY)
    assert times.ahead_s + times.hold_s == max(300.0, 2 * (cold_start_s + 2 * EVERY_S))


def test_a_policy_that_has_forgotten_takes_nothing_away_before_it_has_watched() -> None:
    variant, memory, counts = replace(ONE, ready=14), None, []
    for look in range(HOUR):
        decision, memory = decide(load(look * EVERY_S, 1.0, variant), POLICY, memory)
        counts.append(decision.replicas["one"])
    held = int(times_of(load(0.0, 1.0, variant), POLICY).hold_s / EVERY_S)
    assert counts[:held] == [14] * held
    assert counts[-1] < 14


def test_a_pool_that_may_be_empty_is_emptied_when_nothing_comes_and_filled_when_something_waits() -> None:
    variant = replace(ONE, min_replicas=0)
    counts = [count for count, _ in answers([3.0] * HOUR + [0.0] * HOUR, variant)]
    assert counts[HOUR] > 0
    assert counts[-1] == 0
    _, memory = answers([3.0] * HOUR + [0.0] * HOUR, variant)[-1]
    empty = replace(variant, ready=0)
    woken = decide(load(2 * HOUR * EVERY_S, 0.0, empty, waiting=1.0), POLICY, memory)[0]
    assert woken.replicas["one"] >= 1


@pytest.mark.parametrize("cold_start_s", [1.0, 6.0, 20.0, 120.0])
@pytest.mark.parametrize("little", [0.0, 0.3])
def test_what_one_burst_of_a_young_fleet_needed_goes_back_within_tens_of_cold_starts(
    cold_start_s: float, little: float
) -> None:
    variant = replace(ONE, cold_start_s=cold_start_s)
    counts = replicas([little] * 30 + [3.0] * 6 + [little] * 2 * HOUR, variant)
    back = counts.index(1, 36)
    assert max(counts[30:36]) >= 3
    assert counts[back:] == [1] * (len(counts) - back)
    assert (back - 36) * EVERY_S <= max(POLICY.least_hold_s, 30 * cold_start_s) + 60 + EVERY_S


def test_bursts_that_come_back_are_waited_for() -> None:
    calm, burst = [2.0] * 100, [20.0] * 6
    counts = replicas([*calm, *burst] * 4, replace(ONE, cold_start_s=20.0))
    before = counts[len(calm) - 1 :: len(calm) + len(burst)]
    assert max(before[:2]) < 20 <= min(before[2:])


def test_a_pool_that_may_not_be_empty_gives_back_what_it_has_learned_when_nothing_comes_for_an_hour() -> None:
    counts = replicas(([0.3] * 200 + [3.0] * 6) * 8 + [0.0] * (HOUR + 1))
    assert counts[-3] > 1
    assert counts[-1] == 1


@pytest.mark.parametrize(("arrived", "unfinished", "left"), [(0.0, 1.0, 1), (None, 0.0, 1), (0.0, 0.0, 0)])
def test_a_pool_that_serves_or_is_not_seen_is_not_idle(arrived: float | None, unfinished: float, left: int) -> None:
    memory, variant = answers([3.0] * HOUR)[-1][1], replace(ONE, min_replicas=0)
    for look in range(HOUR, 2 * HOUR):
        seen = Load(look * EVERY_S, EVERY_S, arrived, 0.0, (variant,), unfinished)
        _, memory = decide(seen, POLICY, memory)
    decision, _ = decide(load(2 * HOUR * EVERY_S, 0.0, variant), POLICY, memory)
    assert min(1, decision.replicas["one"]) == left


def test_what_varies_widely_has_a_larger_reserve_than_what_is_calm() -> None:
    calm, wild = replicas([6.0] * 2 * HOUR)[-1], replicas([3.0, 9.0] * HOUR)[-1]
    assert calm < 9 <= wild


def test_no_more_is_kept_in_reserve_than_was_needed_and_a_little() -> None:
    counts = replicas(([2.0] * 60 + [20.0] * 6) * 20 + [2.0] * 60)
    assert 20 < counts[-1] <= STEP * STEP * SPARE * 20


def test_a_stricter_goal_keeps_more() -> None:
    demands = [12.0 + (5 * look % 7) for look in range(2 * HOUR)]
    lax, strict = (answers(demands, policy=replace(POLICY, attainment=share))[-1][0] for share in (0.5, 0.9999))
    assert lax < strict


def test_nothing_goes_before_a_replica_and_a_spread_of_demand_are_spare() -> None:
    _, memory = answers([3.0, 17.0] * HOUR)[-1]
    little = spread(memory.trend)

    def count_of(there: int) -> int:
        decision, _ = decide(load(2 * HOUR * EVERY_S, 3.0, replace(ONE, ready=there)), POLICY, memory)
        return decision.replicas["one"]

    enough = count_of(60)
    spare = 1 + int(little * (1 - 1 / enough))
    assert 2 < spare < enough
    assert [count_of(enough + more) for more in range(spare)] == [enough + more for more in range(spare)]
    assert count_of(enough + spare + 1) == enough


@given(st.floats(1e-6, 1e6), st.floats(0.95, 1.05), st.integers(3, 500))
def test_what_stays_for_being_hardly_spare_is_not_one_more_for_rounding(
    capacity: float, unit: float, there: int
) -> None:
    variant = replace(ONE, capacity=capacity, ready=there, max_replicas=1000)
    seen = load(0.0, 1.0, variant)
    wanted, _ = steady(seen, unit * capacity, (there - 1.01) / unit, 1.0)
    assert mixed((variant,), wanted * unit * capacity, None) == {"one": there}


def test_the_last_but_one_goes_as_soon_as_one_is_enough() -> None:
    _, memory = answers([0.0, 0.8] * HOUR)[-1]
    two = load(2 * HOUR * EVERY_S, 0.4, replace(ONE, ready=2))
    assert decide(two, POLICY, replace(memory, wanted=()))[0].replicas["one"] == 1


def test_a_goal_that_the_bounds_do_not_allow_is_said() -> None:
    decision, _ = decide(load(0.0, 30.0, replace(ONE, max_replicas=3)), POLICY, None)
    assert decision.replicas == {"one": 3}
    assert "short: bounds or budget allow no more" in decision.steps[-1].reason


def test_each_step_is_told_with_its_reason() -> None:
    decision, _ = decide(load(0.0, 5.0), POLICY, None)
    assert [step.name for step in decision.steps] == ["demand", "expected", "reserve", "drain", "kept", "replicas"]
    assert all(step.reason for step in decision.steps)


@pytest.mark.parametrize("jump_s", [-1e6, -(HOUR + 1) * EVERY_S, 1e6])
def test_a_clock_that_jumps_breaks_nothing(jump_s: float) -> None:
    count, memory = answers([5.0] * HOUR)[-1]
    variant = replace(ONE, ready=count)
    now_s = HOUR * EVERY_S + jump_s
    for look in range(HOUR):
        decision, memory = decide(load(now_s + look * EVERY_S, 5.0, variant), POLICY, memory)
        assert 5 <= decision.replicas["one"] <= count + 1


def test_a_mixed_pool_that_grows_takes_back_nothing_before_what_replaces_it_is_ready() -> None:
    """Small ones come first, as little is short; a large one makes some spare, and takes a cold start to be ready."""
    cold_start_s = 60.0
    sizes = {"small": (1.0, 1.0), "large": (10.0, 6.0)}
    asked: dict[str, list[float]] = {"small": [0.0], "large": []}
    memory = None
    for look in range(200):
        now_s = look * EVERY_S
        variants = tuple(
            VariantLoad(name, sum(at <= now_s - cold_start_s for at in asked[name]),
                        sum(at > now_s - cold_start_s for at in asked[name]), size, cold_start_s, price, 0, 20)
            for name, (size, price) in sizes.items()
        )  # fmt: skip
        demand = min(30.0, 0.5 + 1.5 * look)
        decision, memory = decide(Load(now_s, EVERY_S, demand * EVERY_S, 0.0, variants), POLICY, memory)
        for name, wanted in decision.replicas.items():
            there = asked[name]
            young = [at for at in there if at > now_s - cold_start_s]
            assert wanted >= len(young), f"{name} at {now_s}: {len(there)} to {wanted}, {len(young)} not ready yet"
            asked[name] = [*there[:wanted], *[now_s] * (wanted - len(there))]
    *grown, instead = asked["large"]
    assert len(grown) == 3
    assert instead > grown[-1] + 3 * cold_start_s, "in place of small ones, once the load stays"
    assert len(asked["small"]) < 5, "what is spare for long goes back"
