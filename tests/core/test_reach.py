"""Goals that no allowed fleet can reach are refused with what it can."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.errors import QorchError
from orchestrator.core.prediction import Prediction
from orchestrator.core.reach import Allowed, allowed_of_plan, allowed_of_spec, most_tok_s, require_reachable
from orchestrator.core.replica_bounds import ReplicaBounds
from orchestrator.core.scaled import bounded
from orchestrator.core.scaling.budget import Budget
from orchestrator.core.scaling.goal import ScalingGoal
from orchestrator.core.scaling.schedule import parse_window
from orchestrator.core.wish import Wish
from tests.app.samples import demo_spec
from tests.core.machines import machine, plan_for

SPEED = Prediction(50.0, 1000.0, 32, 5000.0, 0.4, 2000, 200, 90.0, ())
GPTQ = Allowed(replace(SPEED, saturation_tok_s=600.0), 0.5, True, 0, 2)
BF16 = Allowed(SPEED, 2.0, True, 1, 3)
POOL = (BF16, GPTQ)


def refused(goal: ScalingGoal, allowed: tuple[Allowed, ...] = POOL) -> tuple[str, str]:
    with pytest.raises(QorchError) as raised:
        require_reachable(allowed, goal)
    assert raised.value.hint
    return raised.value.message, raised.value.hint


@pytest.mark.parametrize(
    ("goal", "message", "hint"),
    [
        (ScalingGoal(tok_s=4201.0), "5 replicas, writes 4,200 by the plan", "--target-tok-s 4200"),
        (ScalingGoal(schedule=(parse_window("daily 00:00-24:00 tok-s=5000"),)), "5,000 tok/s are", "--max-replicas"),
        (ScalingGoal(tok_s=2300.0, cost_per_hour=3.5), "and 3.5 an hour, writes 2,200", "--target-tok-s 2200"),
        (ScalingGoal(cost_per_hour=1.5), "the fewest replicas, 1, cost 2", "a cost of 2 or more"),
        (ScalingGoal(cost_per_hour=9.0, budget=Budget("team", 1.0)), "at most 1 an hour", "a cost of 2 or more"),
        (ScalingGoal(tok_s=2300.0, budget=Budget("team", 3.5)), "and 3.5 an hour, writes 2,200", "--target-tok-s 2200"),
        (ScalingGoal(ttft_s=0.39), "alone on a replica it takes 0.4 s", "--target-ttft 0.4s"),
        (ScalingGoal(tpot_s=0.019), "alone on a replica a stream takes 0.02 s", "--target-tpot 0.02s"),
        (ScalingGoal(schedule=(parse_window("mon 08:00-09:00 min=6"),)), "5 are the most allowed", "--max-replicas 6"),
    ],
)
def test_what_cannot_be_reached_says_what_can(goal: ScalingGoal, message: str, hint: str) -> None:
    said = refused(goal)
    assert message in said[0]
    assert hint in said[1]


def test_a_cost_needs_prices_of_all() -> None:
    message, hint = refused(ScalingGoal(cost_per_hour=9.0), (BF16, replace(GPTQ, priced=False)))
    assert "what a replica costs is not known" in message
    assert "--price" in hint


@pytest.mark.parametrize(
    "goal",
    [
        ScalingGoal(),
        ScalingGoal(tok_s=4200.0, ttft_s=0.4, tpot_s=0.02),
        ScalingGoal(tok_s=2200.0, cost_per_hour=3.5, wait_s=0.001),
        ScalingGoal(schedule=(parse_window("mon 08:00-09:00 min=5"),)),
    ],
)
def test_what_can_be_reached_is_not_refused(goal: ScalingGoal) -> None:
    require_reachable(POOL, goal)


def test_what_is_not_predicted_refuses_nothing() -> None:
    unknown = (replace(BF16, speed=None),)
    require_reachable(unknown, ScalingGoal(tok_s=1e9, ttft_s=1e-9, tpot_s=1e-9))


@given(st.floats(1e-6, 1e3))
def test_the_hint_for_a_first_token_is_not_refused_in_turn(alone_s: float) -> None:
    allowed = (replace(BF16, speed=replace(SPEED, ttft_s=alone_s)),)
    _, hint = refused(ScalingGoal(ttft_s=alone_s / 2), allowed)
    named = re.match(r"--target-ttft (\S+)s,", hint)
    assert named
    require_reachable(allowed, ScalingGoal(ttft_s=float(named[1]) * (1 + 1e-9)))


@given(st.floats(0, 20), st.floats(0, 20))
def test_more_money_never_buys_less(less: float, more: float) -> None:
    less, more = sorted((less, more))
    assert most_tok_s(POOL, less) <= most_tok_s(POOL, more) <= most_tok_s(POOL, None)


def test_a_plan_and_the_fleet_that_runs_it_allow_the_same() -> None:
    bounds = ReplicaBounds(1, 3)
    plan = plan_for(machine(), Wish("demo-gguf", num_replicas=3, bounds=bounds))
    of_spec = allowed_of_spec(bounded(demo_spec(), bounds))
    assert [(each.min_replicas, each.max_replicas) for each in of_spec] == [(1, 3)]
    assert [(each.min_replicas, each.max_replicas) for each in allowed_of_plan(plan)] == [(1, 3)]
