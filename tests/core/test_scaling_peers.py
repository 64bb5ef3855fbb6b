"""Each peer's rule against its documentation, by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.scaling.compare import CLAIRVOYANT, MIXING, POLICIES, STATIC, best, compare, course, own
from orchestrator.core.scaling.demand import Demand, scaled
from orchestrator.core.scaling.load import Load, VariantLoad
from orchestrator.core.scaling.outcome import Outcome
from orchestrator.core.scaling.peers import PEERS
from orchestrator.core.scaling.peers.ray_serve import TUNED, ray_serve
from orchestrator.core.scaling.peers.signal import SERVICE_S, SLOTS
from orchestrator.core.scaling.policy import ScalingPolicy
from orchestrator.core.scaling.rule import Rule
from orchestrator.core.scaling.shapes import shaped

CAPACITY = 2.0  # work a second of a replica
QUEUED = CAPACITY * SERVICE_S / SLOTS  # work of one request
GOAL = ScalingPolicy()


def pool(ready: int, starting: int = 0, name: str = "a", **more: Any) -> VariantLoad:
    return VariantLoad(name, ready, starting, CAPACITY, 120.0, **{"min_replicas": 1, "max_replicas": 50, **more})


def load(now_s: float, busy: float, *variants: VariantLoad, waiting: float = 0.0) -> Load:
    """`busy` replicas' worth of work arrived in each of the last 10 s."""
    return Load(now_s, 10.0, busy * CAPACITY * 10.0, waiting, variants)


def asked(rule: Rule, looks: list[Load]) -> list[int]:
    """The replicas that it wants of the first variant at each look."""
    memory, wanted = None, []
    for each in looks:
        found, memory = rule(each, memory)
        wanted.append(found[each.variants[0].name])
    return wanted


def every_10_s(rule: Rule, seconds: int, busy: float, ready: int, waiting: float = 0.0) -> dict[int, int]:
    """What it wants at each time while nothing changes."""
    times = range(0, seconds + 1, 10)
    looks = [load(now_s, busy, pool(ready), waiting=waiting) for now_s in times]
    return dict(zip(times, asked(rule, looks), strict=True))


def test_ray_serve_wants_the_requests_in_flight_by_the_target_after_its_delay() -> None:
    wanted = every_10_s(ray_serve(), 40, busy=4.0, ready=4)
    assert wanted[20] == 4
    assert wanted[30] == 10  # 4 / 0.4


def test_ray_serve_goes_down_after_ten_minutes_of_less() -> None:
    wanted = every_10_s(ray_serve(), 600, busy=1.0, ready=4)
    assert (wanted[590], wanted[600]) == (4, 3)  # 1 / 0.4, rounded up


def test_ray_serve_begins_its_delay_anew_when_the_wish_turns() -> None:
    busy = [4.0] * 2 + [0.0] * 5 + [4.0] * 2
    looks = [load(10.0 * n, each, pool(4)) for n, each in enumerate(busy)]
    assert set(asked(ray_serve(), looks)) == {4}


def test_ray_serve_tuned_asks_at_once_and_counts_what_waits() -> None:
    """Two replicas are full, and as much waits as two others hold: 4 / 0.68."""
    waiting = 2 * CAPACITY * SERVICE_S
    assert asked(ray_serve(TUNED), [load(0, 2.0, pool(2), waiting=waiting)]) == [6]


def test_kpa_averages_over_its_stable_window() -> None:
    """2 then 3 in flight: the mean of 2.5 by a target of one half."""
    looks = [load(0, 2.0, pool(4)), load(10, 3.0, pool(4))]
    assert asked(PEERS["kpa"](), looks) == [4, 5]


def test_kpa_panics_at_twice_the_ready_pods_and_does_not_go_down_until_a_stable_window_has_passed() -> None:
    calm, burst = [load(10.0 * n, 1.0, pool(2)) for n in range(18)], load(180, 2.0, pool(2), waiting=4 * 10)
    after = [load(190.0 + 10 * n, 0.2, pool(2, starting=2)) for n in range(30)]
    wanted = asked(PEERS["kpa"](), [*calm, burst, *after])
    assert wanted[17] == 2
    assert wanted[18] == 4  # doubled, the most at once
    panic = [each for each in wanted[19:] if each == 4]
    assert 18 <= len(panic) <= 24
    assert wanted[-1] == 1


@pytest.mark.parametrize(("busy", "wanted"), [(2.0, 4), (2.19, 4), (2.25, 5), (4.0, 8), (1.7, 4), (1.5, 3), (0.1, 2)])
def test_apa_moves_in_proportion_outside_its_band_and_at_most_twofold(busy: float, wanted: int) -> None:
    assert asked(PEERS["apa"](), [load(0, busy, pool(4))]) == [wanted]


@pytest.mark.parametrize(
    ("busy", "queue", "wanted"),
    [
        (2.9, 0.0, 5),  # 72 % of the cache: less than 10 % to spare below 80 %
        (2.7, 0.0, 4),  # 67 %; of three replicas it would be 90 %
        (2.0, 0.0, 3),  # 50 %, and 67 % of three
        (4.0, 2.5, 5),  # requests wait, so the cache is full
    ],
)
def test_wva_adds_and_takes_one_at_a_time_by_what_is_spare(busy: float, queue: float, wanted: int) -> None:
    waiting = queue * 4 * QUEUED
    assert asked(PEERS["wva"](), [load(0, busy, pool(4), waiting=waiting)]) == [wanted]


def test_wva_waits_for_the_one_that_is_pending_and_until_its_window_is_over() -> None:
    assert asked(PEERS["wva"](), [load(0, 4.0, pool(4, starting=1))]) == [5]
    looks = [load(0, 2.9, pool(4)), *(load(60.0 * n, 1.0, pool(4)) for n in range(1, 6))]
    assert asked(PEERS["wva"](), looks) == [5, 4, 4, 4, 3, 3]


def test_wva_adds_the_cheapest_and_takes_the_dearest() -> None:
    cheap, dear = pool(2, name="cheap", cost=1.0), pool(2, name="dear", cost=3.0)
    full, _ = PEERS["wva"]()(load(0, 3.9, cheap, dear), None)
    idle, _ = PEERS["wva"]()(load(0, 0.5, cheap, dear), None)
    assert (full, idle) == ({"cheap": 3, "dear": 2}, {"cheap": 2, "dear": 1})


@pytest.mark.parametrize(("queue", "wanted"), [(0, 4), (12, 4), (21, 4), (23, 5), (40, 8), (500, 8)])
def test_keda_wants_a_pod_for_five_waiting_requests_within_what_hpa_adds_at_once(queue: int, wanted: int) -> None:
    """It holds within its window of 300 s, and within 10 % of the target: 20 requests for 4 pods."""
    first, then = load(0, 4.0, pool(4), waiting=20 * QUEUED), load(20, 4.0, pool(4), waiting=queue * QUEUED)
    assert asked(PEERS["keda"](), [first, then]) == [4, wanted]


def test_keda_falls_to_the_least_when_nothing_has_waited_for_its_window() -> None:
    wanted = every_10_s(PEERS["keda"](), 340, busy=4.0, ready=4)
    assert wanted[0] == 1  # no wish of before holds it
    looks = [load(0, 4.0, pool(4), waiting=20 * QUEUED), *(load(20.0 * n, 4.0, pool(4)) for n in range(1, 17))]
    found = asked(PEERS["keda"](), looks)
    assert (found[14], found[15]) == (4, 1)  # at 280 s and at 300 s


def test_dynamo_goes_one_up_beyond_full_and_one_down_below_three_fifths() -> None:
    looks = [load(0, 4.0, pool(4), waiting=1.0), load(10, 2.0, pool(4)), load(20, 3.0, pool(4))]
    assert asked(PEERS["dynamo"](), looks) == [5, 3, 4]


def test_dynamo_waits_while_a_replica_starts_and_has_what_the_last_interval_needed() -> None:
    assert asked(PEERS["dynamo"](), [load(0, 4.0, pool(4, starting=1), waiting=9.0)]) == [5]
    wanted = every_10_s(PEERS["dynamo"](), 180, busy=3.4, ready=4)
    assert wanted[180] == 4
    looks = [*(load(10.0 * n, 6.0, pool(4)) for n in range(18))]
    assert asked(PEERS["dynamo"](), looks)[-2:] == [4, 6]


def test_skyserve_follows_the_rate_after_five_minutes_up_and_twenty_down() -> None:
    up = every_10_s(PEERS["skyserve"](), 300, busy=5.5, ready=4)
    down = every_10_s(PEERS["skyserve"](), 1200, busy=1.5, ready=4)
    assert (up[290], up[300]) == (4, 6)
    assert (down[1190], down[1200]) == (4, 2)


@pytest.mark.parametrize("name", [*PEERS, "qorch"])
def test_where_metrics_are_missing_every_rule_holds(name: str) -> None:
    rule = own(GOAL) if name == "qorch" else PEERS[name]()
    found, _ = rule(Load(0.0, 10.0, None, 0.0, (pool(3, starting=2),)), None)
    assert found == {"a": 5}


@pytest.mark.parametrize("name", PEERS)
@given(
    looks=st.lists(st.tuples(st.floats(0, 60), st.floats(0, 1e4), st.integers(0, 60), st.integers(0, 9)), max_size=40)
)
def test_no_rule_leaves_the_bounds_of_hpa_or_fails(name: str, looks: list[tuple[float, float, int, int]]) -> None:
    memory, rule = None, PEERS[name]()
    for place, (busy, waiting, ready, starting) in enumerate(looks):
        found, memory = rule(load(10.0 * place, busy, pool(ready, starting), waiting=waiting), memory)
        assert isinstance(found["a"], int)
        assert found["a"] >= 0


def outcome(attainment: float, cost: float) -> Outcome:
    return Outcome(attainment, cost, cost, 1.0, 0, 0.0, 0.0, 1, (), 0.0, 0.0)


def test_the_best_is_the_cheapest_that_meets_the_goal_without_knowing_the_future() -> None:
    outcomes: Mapping[str, Outcome] = {
        "dear": outcome(1.0, 3.0),
        "good": outcome(0.999, 2.0),
        "poor": outcome(0.99, 1.0),
        CLAIRVOYANT: outcome(1.0, 1.1),
        STATIC: outcome(1.0, 1.2),
    }
    assert best(outcomes, 0.999) == "good"
    assert best({"poor": outcomes["poor"]}, 0.999) is None


def test_all_policies_are_replayed_on_one_course_and_static_is_the_least_number_that_attains() -> None:
    ways = course(scaled(shaped("step", 3600), 8.0), [pool(0)], GOAL)
    found = dict(compare(ways, POLICIES))
    assert tuple(found) == POLICIES
    peak = max(ways.demand.work) / CAPACITY
    assert found["static"].replicas == (int(peak),)
    assert found["static"].attainment >= GOAL.attainment
    assert found[CLAIRVOYANT].cost < found["static"].cost


def test_a_mixed_pool_is_replayed_with_the_cheapest_mix_that_attains_as_static() -> None:
    """16 a second at most are 6 of the cheap ones and 2 of the dear."""
    cheap, dear = pool(0, name="cheap", cost=0.5, min_replicas=0, max_replicas=6), pool(0, name="dear", min_replicas=0)
    ways = course(scaled(shaped("step", 3600), 8.0), [dear, cheap], GOAL)
    found = dict(compare(ways, MIXING))
    assert {use.name: use.replicas for use in found["static"].variants} == {"dear": (2,), "cheap": (6,)}
    assert found["static"].attainment >= GOAL.attainment
    assert found[CLAIRVOYANT].cost < found["static"].cost
    assert all(each.ratio >= 1 for each in found.values())


def test_a_course_without_demand_is_replayed_too() -> None:
    ways = course(Demand(1.0, [0.0] * 100, [0.0] * 100), [pool(0)], GOAL)
    assert {name: found.attainment for name, found in compare(ways, POLICIES)} == dict.fromkeys(POLICIES, 1.0)
