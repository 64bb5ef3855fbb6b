"""When a plan that runs gives way to another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.qwen_fleet.replan import CLEARLY_BETTER, Keep, Replan, ReplanPolicy, ReplanRule, Running, replan

RULES = st.builds(
    ReplanRule,
    policy=st.sampled_from(ReplanPolicy),
    min_interval_s=st.floats(0, 1e6),
    grace_s=st.floats(0, 1e6),
)
TIMES = st.floats(0, 1e9)
RUNNING = st.builds(Running, at_s=TIMES, missing=st.sampled_from(["", "no node"]), missing_since_s=st.none() | TIMES)


@given(rule=RULES, running=RUNNING, now_s=TIMES)
def test_what_is_kept_until_a_time_is_not_kept_then(rule: ReplanRule, running: Running, now_s: float):
    decided = replan(rule, running, now_s)
    if isinstance(decided, Keep) and decided.until_s is not None:
        assert decided.until_s > now_s
        since_s = now_s if running.missing and running.missing_since_s is None else running.missing_since_s
        later = Running(running.at_s, running.missing, since_s)
        assert isinstance(replan(rule, later, decided.until_s), Replan)


@given(rule=RULES, running=RUNNING, now_s=TIMES)
def test_never_is_never_and_what_is_whole_moves_only_for_something_better(
    rule: ReplanRule, running: Running, now_s: float
):
    decided = replan(rule, running, now_s)
    if rule.policy is ReplanPolicy.NEVER:
        assert decided == Keep()
    if isinstance(decided, Replan) and not running.missing:
        assert (rule.policy, decided.least_worth) == (ReplanPolicy.IF_BETTER, CLEARLY_BETTER)


@pytest.mark.parametrize(
    ("since_s", "expected"), [(None, Keep(1300.0)), (900.0, Keep(1200.0)), (700.0, Replan("gone"))]
)
def test_nodes_have_a_grace_to_come_back_in(since_s: float | None, expected: Keep | Replan):
    assert replan(ReplanRule(grace_s=300), Running(0, "gone", since_s), 1000.0) == expected
