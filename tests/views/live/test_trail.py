"""Events and decisions as lines, the latest first."""

from __future__ import annotations

from orchestrator.core.fleet import Decided
from orchestrator.core.live.event import Event, Severity
from orchestrator.core.scaling.decision import DecisionStep, ScalingDecision
from orchestrator.views.live.span import Tone, text_of
from orchestrator.views.live.trail import LATELY_S, change_text, decision_lines, event_lines, few_events, step_lines

STEPS = (
    DecisionStep("demand", 812.5, "work a second that came in"),
    DecisionStep("expected", 2.0, "by the hour before"),
    DecisionStep("replicas", 3.0, "that do the work of 2.4"),
)
DECIDED = Decided(40.0, ScalingDecision({"bf16": 3, "gptq": 1}, STEPS), {"bf16": 1, "gptq": 1})


def test_events_are_told_by_age_severity_and_subject() -> None:
    events = (
        Event(10.0, Severity.INFO, "a1", "starting → ready"),
        Event(95.0, Severity.WARNING, "gateway", "does not answer"),
        Event(99.0, Severity.ERROR, "b2\x1b", "ready → failed: killed\nby SIGKILL"),
    )
    lines = list(event_lines(events, 100.0))
    assert [text_of(line) for line in lines] == [
        "  <10s ✖ b2\\x1b: ready → failed: killed\\nby SIGKILL",
        "  <10s ▲ gateway: does not answer",
        "    1m · a1: starting → ready",
    ]
    assert [line[1].tone for line in lines] == [Tone.BAD, Tone.WARN, Tone.PLAIN]


def test_of_few_events_an_error_of_lately_keeps_its_place() -> None:
    error = Event(10.0, Severity.ERROR, "b", "killed")
    others = [Event(20.0 + number, Severity.INFO, "a", f"{number}") for number in range(9)]
    assert few_events([error, *others], 100.0, 4) == [error, *others[-3:]]
    assert few_events([error, *others], 10.0 + LATELY_S, 4) == others[-4:]
    assert few_events([*others, error], 100.0, 4) == [*others[-3:], error]
    assert few_events([error, *others], 100.0, 1) == others[-1:]


def test_an_event_of_a_clock_that_went_back_has_just_happened() -> None:
    (line,) = event_lines([Event(200.0, Severity.INFO, "a", "ready")], 100.0)
    assert text_of(line).startswith("  <10s ")


def test_a_decision_is_told_with_the_step_that_settled_it() -> None:
    older = Decided(1.0, ScalingDecision({"bf16": 1}, ()))
    assert [text_of(line) for line in decision_lines((older, DECIDED), 100.0)] == [
        "    1m bf16 1 → 3, gptq 1  that do the work of 2.4",
        "    1m bf16 1  ",
    ]


def test_what_was_before_is_not_told_where_nobody_knows() -> None:
    assert change_text(Decided(1.0, ScalingDecision({"bf16": 2}, ()))) == "bf16 2"


def test_each_step_has_a_line_with_its_value() -> None:
    assert [text_of(line) for line in step_lines(DECIDED)] == [
        "demand         812.5  work a second that came in",
        "expected           2  by the hour before",
        "replicas           3  that do the work of 2.4",
    ]
    assert list(step_lines(Decided(1.0, ScalingDecision({}, ())))) == []
