"""What `status` says of the last decision on the number of replicas."""

from __future__ import annotations

from orchestrator.core.fleet import Decided, Scaling
from orchestrator.core.replica_bounds import ReplicaBounds
from orchestrator.core.scaling.decision import DecisionStep, ScalingDecision
from orchestrator.views.scaling import decisions_data, decisions_text, scaling_lines
from orchestrator.views.units import local_time

BOUNDS = ReplicaBounds(1, 3)
STEPS = (
    DecisionStep("demand", 1.25, "replicas busy"),
    DecisionStep("stuck", 1, "replicas of demo not ready after 12 s: not reckoned with"),
    DecisionStep("replicas", 2, "that do the work of 2: enough"),
)
GOAL = "goal: 99.9% of requests taken within 2 s"
SCALING = Scaling(BOUNDS, Decided(100.0, ScalingDecision({"demo": 2}, STEPS)))


def test_one_line_says_what_was_decided_and_why_and_then_what_is_amiss() -> None:
    assert scaling_lines(SCALING, 103.4, wide=False) == [
        GOAL,
        "scaling 1..3, 3s ago: replicas 2: that do the work of 2: enough",
        "  stuck 1: replicas of demo not ready after 12 s: not reckoned with",
    ]


def test_wide_says_every_step() -> None:
    assert "  demand 1.25: replicas busy" in scaling_lines(SCALING, 103.4, wide=True)


def test_before_the_first_decision_there_is_none() -> None:
    assert scaling_lines(Scaling(BOUNDS, None), 0.0, wide=False) == [GOAL, "scaling 1..3: nothing was decided yet"]


def test_decisions_are_told_the_latest_last_with_what_they_changed_and_why() -> None:
    steps = (DecisionStep("demand", 2.5, "replicas busy"), DecisionStep("replicas", 3, "enough"))
    made = [
        Decided(100.0, ScalingDecision({"a": 1}, steps)),
        Decided(160.0, ScalingDecision({"a": 3, "b": 1}, steps), {"a": 1, "b": 1}),
    ]
    head, _, latest = decisions_text(made, 200).splitlines()
    assert head.split() == ["AT", "REPLICAS", "WHY"]
    assert latest.startswith(f"{local_time(160.0)}  a 1 to 3, b 1  demand 2.5: replicas busy; replicas 3: enough")
    assert "no decision" in decisions_text([], 80)
    assert decisions_data(made)[1]["decision"]["replicas"] == {"a": 3, "b": 1}
