"""Settings chosen by a part of a demand and judged on another."""

from __future__ import annotations

from dataclasses import replace
from math import cos, pi
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.scaling.compare import Course, course
from orchestrator.core.scaling.demand import Demand, scaled
from orchestrator.core.scaling.load import VariantLoad
from orchestrator.core.scaling.outcome import Outcome
from orchestrator.core.scaling.policy import ScalingPolicy
from orchestrator.core.scaling.shapes import shaped
from orchestrator.core.scaling.trial import Settings, Trial, better, least_duration_s, part_ends, tried
from orchestrator.core.scaling.tune import MOST_S, Tuning, _aims, _better, _most, latest, tune

ONE = VariantLoad("one", 0, 0, 1.0, 60.0, min_replicas=1, max_replicas=100)
GOAL = ScalingPolicy()


def waves(variants: tuple[VariantLoad, ...] = (ONE,), goal: ScalingPolicy = GOAL, hours: int = 4) -> Course:
    """One an hour, from 2 to 14 replicas' work, in steps of ten seconds."""
    random = Random(1)
    work = [max(0.0, random.gauss(80 - 60 * cos(2 * pi * step / 360), 10)) for step in range(hours * 360)]
    return course(Demand(10.0, work, work), variants, goal)


@pytest.fixture(scope="module")
def of_waves() -> list[Tuning]:
    return list(tune(waves()))


def tuned(on: Course) -> Tuning:
    *_, found = tune(on)
    return found


def outcome(attainment: float, cost: float) -> Outcome:
    return Outcome(attainment, cost, cost, 1.0, 0, 0.0, 0.0, 1, (), 0.0, 0.0)


def bounds(tuning: Tuning) -> list[tuple[int, int]]:
    return [(each.min_replicas, each.max_replicas) for each in tuning.best.settings.variants]


def test_the_parts_are_thirds_that_begin_with_a_look() -> None:
    assert part_ends(Course(Demand(1.0, [1.0] * 100, [1.0] * 100), (ONE,), GOAL)) == (30, 60, 100)


def test_nothing_of_what_is_held_out_chooses(of_waves: list[Tuning]) -> None:
    """Two demands that differ in their last third alone."""
    calm = waves()
    end = part_ends(calm)[-2]
    work = [*calm.demand.work[:end], *(400.0 for _ in calm.demand.work[end:])]
    rough = replace(calm, demand=Demand(10.0, work, work))
    found, other = of_waves[-1], tuned(rough)
    assert found.best.settings == other.best.settings
    assert found.best.chosen_by == other.best.chosen_by
    assert found.best.held_out != other.best.held_out


def test_the_present_settings_are_tried_first_and_what_is_best_only_gets_better(of_waves: list[Tuning]) -> None:
    first, *rest = of_waves
    assert first.present is first.best
    assert first.present.settings == Settings(GOAL.attainment, waves().variants)
    assert [each.trials for each in rest] == [*range(2, 2 + len(rest))]
    for before, after in zip([first, *rest], rest, strict=False):
        assert after.best is before.best or better(after.best.chosen_by, before.best.chosen_by, GOAL.attainment)


def test_a_goal_that_is_met_with_room_is_aimed_at_less_strictly_and_held() -> None:
    random = Random(2)
    work = [random.gammavariate(0.3, 80 / 0.3) for _ in range(1440)]
    found = tuned(course(Demand(10.0, work, work), (ONE,), ScalingPolicy(attainment=0.98)))
    assert found.best.settings.attainment < 0.98
    assert all(each.attainment >= 0.98 for each in found.best.chosen_by)
    assert found.holds(0.98)
    assert found.best.held_out.cost < found.present.held_out.cost


def test_where_the_goal_is_missed_it_is_aimed_at_more_strictly_or_more_are_kept() -> None:
    found = tuned(course(scaled(shaped("bursts", 3 * 3600, seed=1), 8.0), (ONE,), GOAL))
    worst, before = (min(each.attainment for each in trial.chosen_by) for trial in (found.best, found.present))
    assert before < GOAL.attainment
    assert worst > before
    assert found.best.settings.attainment > GOAL.attainment or bounds(found)[0][0] > 1


def test_a_dear_kind_without_which_the_goal_is_met_is_left_out() -> None:
    dear = VariantLoad("dear", 0, 0, 1.0, 60.0, cost=9.0, min_replicas=1, max_replicas=100)
    found = tuned(waves((dear, replace(ONE, min_replicas=0)), hours=2))
    assert [each.name for each in found.best.settings.variants] == ["one"]
    assert found.best.held_out.cost < found.present.held_out.cost


def test_fewest_that_are_never_needed_are_lowered() -> None:
    found = tuned(waves((replace(ONE, min_replicas=60),), hours=2))
    assert bounds(found)[0][0] <= 30
    assert found.best.held_out.cost < 0.6 * found.present.held_out.cost


def test_no_most_is_proposed_that_has_no_room_beyond_what_was_needed(of_waves: list[Tuning]) -> None:
    found = of_waves[-1]
    peak = max(max(each.replicas) for each in found.best.chosen_by)
    assert bounds(found)[0][1] >= min(100, peak)


@given(st.floats(0.9, 1), st.floats(0.9, 1), st.floats(1, 9), st.floats(1, 9))
def test_nearer_to_the_goal_is_better_and_then_cheaper(one: float, other: float, cost: float, others: float) -> None:
    first, second = [outcome(one, cost)], [outcome(other, others)]
    assert not (better(first, second, 0.95) and better(second, first, 0.95))
    if min(one, other) >= 0.95:
        assert better(first, second, 0.95) == (cost < others)
    elif one > other:
        assert better(first, second, 0.95)


def test_the_worst_part_counts_and_a_saving_must_be_worth_it() -> None:
    even, uneven = [outcome(0.95, 1.0), outcome(0.95, 1.0)], [outcome(1.0, 0.1), outcome(0.94, 0.1)]
    assert better(even, uneven, 0.95)
    assert not better([outcome(1.0, 0.995)], [outcome(1.0, 1.0)], 0.95, worth=0.01)
    assert better([outcome(1.0, 0.98)], [outcome(1.0, 1.0)], 0.95, worth=0.01)


def test_what_saves_less_than_a_hundredth_is_no_better_choice(of_waves: list[Tuning]) -> None:
    best, on = of_waves[-1].best, waves()

    def cheaper(share: float) -> Trial:
        return replace(best, chosen_by=tuple(replace(each, cost=(1 - share) * each.cost) for each in best.chosen_by))

    assert _better(cheaper(0.005), best, on) is best
    assert _better(cheaper(0.02), best, on) is not best


def test_a_choice_holds_where_it_is_better_on_what_was_held_out(of_waves: list[Tuning]) -> None:
    found = of_waves[-1]
    dearer = replace(found.present, held_out=replace(found.present.held_out, cost=1e9))
    assert not Tuning(found.present, dearer, 2).holds(GOAL.attainment)
    assert Tuning(dearer, found.present, 2).holds(GOAL.attainment)
    assert not Tuning(found.present, found.present, 1).holds(GOAL.attainment)


def test_the_most_is_half_as_many_again_as_was_needed_where_it_is_chosen_by() -> None:
    """Twelve replicas' work, and twenty of it held out: 12 for ten seconds take 12 x 350 / 350 of a replica."""
    work = [120.0] * 240 + [200.0] * 120
    on = course(Demand(10.0, work, work), (ONE,), GOAL)
    (settings,) = _most(Settings(GOAL.attainment, on.variants), on)
    assert settings.variants[0].max_replicas == 18
    assert not list(_most(Settings(GOAL.attainment, (replace(ONE, max_replicas=18),)), on))


def test_no_share_is_tried_twice_or_beyond_one_that_misses_the_goal() -> None:
    one = waves(hours=1, goal=ScalingPolicy(attainment=1.0))
    best = tried(Settings(1.0, one.variants), one)
    assert not list(_aims(best, one))
    random = Random(3)
    work = [random.gauss(100, 20) for _ in range(720)]
    on = course(Demand(10.0, work, work), (ONE,), ScalingPolicy(max_wait_s=0.0, attainment=0.995))
    for first, then in ((0.76, [0.52, 0.5]), (0.97, [0.94, 0.88])):
        loose = list(_aims(tried(Settings(first, on.variants), on), on))
        assert [each.settings.attainment for each in loose] == pytest.approx(then)


def test_settings_are_tried_on_the_users_goal_whatever_they_aim_at() -> None:
    on = waves(goal=replace(GOAL, max_wait_s=0.0))
    strict = tried(Settings(0.99999, on.variants), on)
    loose = tried(Settings(0.1, on.variants), on)
    assert loose.held_out.cost < strict.held_out.cost
    assert loose.held_out.attainment < strict.held_out.attainment


def test_no_more_than_a_fortnight_is_tuned_on_the_latest() -> None:
    steps = round(MOST_S) + 500
    work = range(steps)
    long = Course(Demand(1.0, work, work), (ONE,), GOAL)
    assert latest(long).demand.work == range(500, steps)
    assert latest(waves()).demand.duration_s == 4 * 3600


def test_goals_at_their_ends_are_tuned_for_too() -> None:
    for attainment in (0.0, 1.0):
        on = waves(hours=1, goal=ScalingPolicy(attainment=attainment))
        assert 0.0 <= tuned(on).best.settings.attainment <= 1.0


def test_a_demand_must_last_some_looks_and_cold_starts() -> None:
    assert least_duration_s(waves()) == 900
    assert least_duration_s(waves((replace(ONE, cold_start_s=600.0),))) == 3600
