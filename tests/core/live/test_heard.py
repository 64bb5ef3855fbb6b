"""When sources were heard."""

from __future__ import annotations

from orchestrator.core.live.heard import heard
from orchestrator.core.live.reading import SourceState


def test_a_source_that_falls_silent_was_heard_when_it_last_spoke() -> None:
    first = heard((), {"a": None, "b": "away"}, 1.0)
    assert first == (SourceState("a", 1.0), SourceState("b", None, "away"))
    second = heard(first, {"a": "away", "b": None}, 2.0)
    assert second == (SourceState("a", 1.0, "away"), SourceState("b", 2.0))
    assert heard(second, {"a": "away", "b": None}, 3.0) == (SourceState("a", 1.0, "away"), SourceState("b", 3.0))
