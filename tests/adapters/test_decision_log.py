"""The log of decisions: what was written comes back in order, bounded, and whatever else is in the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.adapters import decision_log
from orchestrator.adapters.decision_log import log_decision, logged_decisions
from orchestrator.core.fleet import Decided
from orchestrator.core.scaling.decision import DecisionStep, ScalingDecision


def decided(number: int) -> Decided:
    steps = (DecisionStep("demand", number / 3, "replicas busy"),)
    return Decided(1000.0 + number, ScalingDecision({"a": number}, steps))


def test_decisions_come_back_as_they_were_the_oldest_first(tmp_path: Path) -> None:
    path = tmp_path / "fleet" / "decisions.jsonl"
    for number in range(3):
        log_decision(path, decided(number))
    assert logged_decisions(path) == tuple(map(decided, range(3)))
    assert path.stat().st_mode & 0o077 == 0


def test_where_there_is_none_there_is_nothing(tmp_path: Path) -> None:
    assert logged_decisions(tmp_path / "decisions.jsonl") == ()


def test_the_oldest_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decision_log, "MOST_BYTES", 1000)
    path = tmp_path / "decisions.jsonl"
    for number in range(100):
        log_decision(path, decided(number))
    kept = logged_decisions(path)
    assert kept == tuple(map(decided, range(100 - len(kept), 100)))
    assert 5 < len(kept) < 20
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= 2000


def test_a_line_that_a_crash_has_cut_takes_no_other_with_it(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    log_decision(path, decided(1))
    with path.open("a") as file:
        file.write('\n{"at_s": 5, "decision": {"repl\n[]\n\x00\xff\n{"at_s": "x", "decision": 3}\n{"at_s": 7')
    log_decision(path, decided(2))
    assert logged_decisions(path) == (decided(1), decided(2))
