"""What users ask a fleet to reach, and what its pool makes of it."""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.prediction import Prediction
from orchestrator.core.scaling.budget import Budget
from orchestrator.core.scaling.cold_start import LEAST_STUCK_S
from orchestrator.core.scaling.goal import WAIT_S, ScalingGoal, goal_from_data
from orchestrator.core.scaling.goal_words import goal_text
from orchestrator.core.scaling.own_ttft import FirstTokens, OwnTtft, predicted_ttft, with_first_tokens
from orchestrator.core.scaling.pace import UNSEEN, Pace, Written, line, most_running, predicted_pace, with_written
from orchestrator.core.scaling.schedule import Floor, Window, floor, parse_window
from orchestrator.core.scaling.seen import PoolSeen, VariantSeen
from orchestrator.core.scaling.shared import claim_of
from orchestrator.core.scaling.within import with_fewest
from tests.core.scaling.seen_pools import BEGIN_S, PRIOR, TOKENS, PoolRun

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
DAYS = st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days)))
WINDOWS = st.builds(
    Window, DAYS, st.integers(0, 1439), st.integers(0, 1440), st.sampled_from(["UTC", "Asia/Tokyo"]),
    st.integers(1, 256), st.sampled_from([0.0, 900.0]),
)  # fmt: skip


def at(days: float, hours: float) -> float:
    return (MONDAY + timedelta(days=days, hours=hours)).timestamp()


class TestTokensASecond:
    def test_so_many_replicas_are_kept_as_write_the_target(self) -> None:
        pool = PoolRun(goal=ScalingGoal(tok_s=1000.0))  # a replica writes 400 tokens a second
        assert pool.run(60, 0.0)[-1] == 3
        assert pool.said("target").reason.endswith("2.5 replicas")

    def test_more_load_is_served_beyond_the_target(self) -> None:
        pool = PoolRun(goal=ScalingGoal(tok_s=500.0))
        assert max(pool.run(120, 14.0)) >= 4

    def test_what_replicas_really_write_counts_and_no_prediction(self) -> None:
        pool = PoolRun(goal=ScalingGoal(tok_s=1000.0))
        for _ in range(200):  # answers are half as long as was predicted
            pool.step(8.0)
            pool.tokens = {name: tokens - 4 * TOKENS / len(pool.tokens) for name, tokens in pool.tokens.items()}
        pool.run(200, 0.0)
        assert pool.asked > 3

    def test_beyond_the_bounds_it_says_what_is_short(self) -> None:
        pool = PoolRun(most=2, goal=ScalingGoal(tok_s=1000.0))
        assert pool.run(60, 0.0)[-1] == 2
        assert pool.said("replicas").reason == "that do the work of 2: 0.5 short: bounds or budget allow no more"

    @given(st.lists(st.floats(0, 30), min_size=1, max_size=40), st.floats(1, 3000))
    def test_a_target_never_lowers_the_answer(self, loads: list[float], tok_s: float) -> None:
        without, with_target = PoolRun(), PoolRun(goal=ScalingGoal(tok_s=tok_s))
        for load in loads:
            seen = without.seen(load)
            assert with_target.look(seen) >= without.look(seen)


class TestTimeForEachToken:
    def test_fewer_streams_at_once_make_more_replicas(self) -> None:
        counts = []
        for tpot_s in (None, 0.007):
            pool = PoolRun(goal=ScalingGoal(tpot_s=tpot_s))
            pool.run(200, 3.9)
            counts.append(pool.asked)
        assert counts[0] < counts[1]

    def test_what_no_replica_reaches_alone_is_said(self) -> None:
        pool = PoolRun(goal=ScalingGoal(tpot_s=0.001))
        pool.run(60, 3.0)
        assert "too slow" in pool.said("pace").reason

    def test_a_line_is_found_again(self) -> None:
        seen = [Written(running / (0.01 + 0.002 * running), running, 1.0) for running in (1, 3, 8, 20)]
        found = line(with_written(UNSEEN, seen))
        assert found == pytest.approx((0.01, 0.002))
        assert most_running(with_written(UNSEEN, seen), 0.03) == pytest.approx(10)

    def test_the_plan_counts_until_more_was_seen(self) -> None:
        said = Prediction(100.0, 800.0, 16, 1000.0, 0.5, 512, 128, 20.0, ())
        known = predicted_pace(said)
        assert line(known) == pytest.approx((0.01 - 0.01 / 15, 0.01 / 15))
        slower = with_written(known, [Written(running * 50.0, running, 600.0) for running in (1, 2)])
        assert line(slower).alone > 0.015

    @given(
        st.lists(st.builds(Written, st.floats(0.1, 1e4), st.floats(0.1, 1000), st.floats(0.01, 100)), max_size=20),
        st.floats(1e-4, 10),
    )
    def test_it_is_at_least_one_stream_and_more_of_a_later_goal(self, seen: list[Written], tpot_s: float) -> None:
        pace: Pace = with_written(UNSEEN, seen)
        assert 1 <= most_running(pace, tpot_s) <= most_running(pace, 2 * tpot_s)

    def test_nothing_seen_bounds_nothing(self) -> None:
        assert math.isinf(most_running(UNSEEN, 0.01))


class TestTimeToFirstToken:
    def test_what_a_request_takes_alone_is_taken_off_its_wait(self) -> None:
        assert ScalingGoal().longest_wait_s(0.4) == WAIT_S
        assert ScalingGoal(ttft_s=3.0).longest_wait_s(0.5) == 2.5
        assert ScalingGoal(ttft_s=3.0, wait_s=1.0).longest_wait_s(0.5) == 1.0
        assert ScalingGoal(ttft_s=3.0).longest_wait_s(9.0) == 0.0

    def test_it_is_learned_of_requests_that_did_not_wait(self) -> None:
        own = with_first_tokens(predicted_ttft(1.0), FirstTokens(10.0, 5.0), True)
        assert own.mean_s == 1.0  # nothing is known of those before
        own = with_first_tokens(own, FirstTokens(14.0, 6.0), True)
        assert own.mean_s == pytest.approx(0.625)
        assert with_first_tokens(own, FirstTokens(20.0, 90.0), False).mean_s == own.mean_s
        assert with_first_tokens(own, FirstTokens(1.0, 1.0), True) == replace(own, counted=FirstTokens(1.0, 1.0))
        assert with_first_tokens(own, None, True) == own

    def test_without_a_prediction_the_first_measured_counts_whole(self) -> None:
        own = with_first_tokens(OwnTtft(counted=FirstTokens(0.0, 0.0)), FirstTokens(2.0, 1.0), True)
        assert own.mean_s == 0.5

    def test_a_goal_that_cannot_be_reached_is_said(self) -> None:
        pool = PoolRun(goal=ScalingGoal(ttft_s=0.2), first_tokens=FirstTokens(0.0, 0.0))
        pool.step(1.0)
        pool.first_tokens = FirstTokens(10.0, 5.0)
        pool.step(1.0)
        assert pool.said("first token").reason.endswith("0.2 s cannot be reached")


class TestCost:
    def test_no_more_replicas_than_are_paid_for(self) -> None:
        pool = PoolRun(goal=ScalingGoal(cost_per_hour=2.5))
        assert max(pool.run(100, 20.0)) == 2
        assert pool.said("budget").value == 2.5

    def test_replicas_that_start_late_cost_no_more_than_others(self) -> None:
        pool = PoolRun(comes_up=False, goal=ScalingGoal(cost_per_hour=3.0))
        assert set(pool.run(3 * int(LEAST_STUCK_S), 20.0)[10:]) == {3}
        assert pool.said("stuck").value == 2


class TestAside:
    def test_what_stands_aside_is_paid_for_out_of_the_same_cost(self) -> None:
        pool = PoolRun(goal=ScalingGoal(cost_per_hour=3.0))
        pool.run(100, 20.0)
        assert pool.asked == 3
        pool.aside = 1
        assert pool.step(20.0) == 2
        assert pool.said("aside").value == 1

    def test_other_fleets_of_the_budget_are_told_of_it(self) -> None:
        pool = PoolRun()
        pool.run(5, 1.0)
        assert pool.decision is not None
        without = claim_of(pool.decision, pool.seen(), PRIOR)
        pool.aside = 2
        told = claim_of(pool.decision, pool.seen(), PRIOR)
        assert [one - other for one, other in zip(told, without, strict=True)] == [2.0, 2.0, 2.0, 0.0, 0.0]


class TestSchedule:
    def test_it_is_read_as_it_is_written(self) -> None:
        window = parse_window("fri-mon,wed 22:00-06:30 Europe/Berlin min=2 tok-s=900")
        assert window == Window((0, 2, 4, 5, 6), 22 * 60, 390, "Europe/Berlin", 2, 900.0)
        assert parse_window("daily 00:00-24:00 min=1") == Window(tuple(range(7)), 0, 1440, "UTC", 1)

    @given(WINDOWS)
    def test_what_it_says_of_itself_is_read_as_the_same(self, window: Window) -> None:
        assert parse_window(str(window)) == window

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("", "expected DAYS"),
            ("mon 8-9 min=1", "expected DAYS"),
            ("mon 08:00-24:30 min=1", "24:00"),
            ("noday 08:00-09:00 min=1", "days such as"),
            ("mon 08:00-09:00 Mars/Base min=1", "no time zone 'Mars/Base'"),
            ("mon 08:00-09:00 ../../etc/passwd min=1", "no time zone"),
            ("mon 08:00-09:00 min=0", "got 'min=0'"),
            ("mon 08:00-09:00 tok-s=nan", "got 'tok-s=nan'"),
            ("mon 08:00-09:00 UTC", "what shall be there"),
            ("mon 08:00-09:00 UTC GMT min=1", "one time zone"),
        ],
    )
    def test_what_is_wrong_is_said(self, text: str, expected: str) -> None:
        with pytest.raises(ValueError, match=expected):
            parse_window(text)

    @pytest.mark.parametrize(
        ("day", "hour", "least"), [(0, 7.9, 0), (0, 8, 2), (0, 17.9, 2), (0, 18, 0), (5, 12, 0), (4, 12, 2)]
    )
    def test_it_holds_on_its_days_between_its_hours(self, day: int, hour: float, least: int) -> None:
        window = parse_window("mon-fri 08:00-18:00 min=2")
        assert floor([window], at(day, hour), at(day, hour)) == Floor(least)

    @pytest.mark.parametrize(("day", "hour", "least"), [(4, 23, 3), (5, 5, 3), (5, 6, 0), (5, 23, 0), (4, 5, 0)])
    def test_one_over_midnight_ends_on_the_day_after(self, day: int, hour: float, least: int) -> None:
        window = parse_window("fri 22:00-06:00 min=3")
        assert floor([window], at(day, hour), at(day, hour)) == Floor(least)

    def test_hours_are_those_of_its_time_zone(self) -> None:
        window = parse_window("mon 08:00-09:00 Asia/Tokyo tok-s=5")  # 23:00 to 24:00 on Sunday in UTC
        assert floor([window], at(-1, 23.5), at(-1, 23.5)) == Floor(0, 5.0)

    def test_replicas_are_there_when_it_begins(self) -> None:
        text = (datetime.fromtimestamp(BEGIN_S, UTC) + timedelta(seconds=90)).strftime("%H:%M")
        opens_s = BEGIN_S - BEGIN_S % 60 + 60 * (1 if BEGIN_S % 60 + 90 < 120 else 2)
        pool = PoolRun(goal=ScalingGoal(schedule=(parse_window(f"daily {text}-{text} min=3"),)))
        while pool.now_s < opens_s:
            pool.step(0.0)
        assert len(pool.ages_s) == 3
        assert pool.said("schedule").value == 3

    def test_the_best_variants_have_the_fewest(self) -> None:
        variants = (VariantSeen("a", 1, 2, 1, {}), VariantSeen("b", 0, 4, 0, {}))
        raised = with_fewest(PoolSeen(0.0, variants), 4)
        assert [each.min_replicas for each in raised.variants] == [2, 2]
        assert with_fewest(raised, 1) == raised


BUDGETS = st.none() | st.builds(Budget, st.just("team"), st.floats(1, 9))


@given(
    st.builds(
        ScalingGoal, st.none() | st.floats(1, 9), schedule=st.lists(WINDOWS, max_size=2).map(tuple), budget=BUDGETS
    )
)
def test_a_goal_travels_as_data(goal: ScalingGoal) -> None:
    assert goal_from_data(asdict(goal)) == goal


@pytest.mark.parametrize(
    ("goal", "text"),
    [
        (ScalingGoal(), "99.9% of requests taken within 2 s"),
        (ScalingGoal(ttft_s=1.5), "99.9% of requests with a first token within 1.5 s"),
        (
            ScalingGoal(900.0, 0.5, 2.0, 0.05, 0.95, 3.6, (parse_window("mon-fri 08:00-18:00 min=2"),)),
            "900 tok/s; mon-fri 08:00-18:00 UTC min=2; at most 3.6 an hour; "
            "95% of requests with a first token within 2 s, taken within 0.5 s, with 0.05 s a token",
        ),
    ],
)
def test_a_goal_in_words(goal: ScalingGoal, text: str) -> None:
    assert goal_text(goal) == text
