"""A budget's file: what each fleet claims, held by one at a time."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from orchestrator.adapters.budget_file import BudgetBusy, BudgetFile
from orchestrator.core.scaling.shared import Claim

CLAIM = Claim(1.0, 2.0, 0.0, 1.0, 1e9)


def test_what_one_fleet_claims_another_reads(tmp_path: Path) -> None:
    with BudgetFile(tmp_path / "a" / "scaling.json", "team").held() as claims:
        claims["a"] = CLAIM
    other = BudgetFile(tmp_path / "b" / "scaling.json", "team")
    with other.held() as claims:
        assert claims == {"a": CLAIM}
    with BudgetFile(tmp_path / "a" / "scaling.json", "other").held() as claims:
        assert claims == {}
    assert other.path.stat().st_mode & 0o077 == 0


def test_a_second_one_is_not_waited_for(tmp_path: Path) -> None:
    budget = BudgetFile(tmp_path / "a" / "scaling.json", "team")
    with budget.held(), pytest.raises(BudgetBusy), budget.held():
        pass
    with budget.held():
        pass


def test_what_goes_wrong_meanwhile_writes_nothing(tmp_path: Path) -> None:
    budget = BudgetFile(tmp_path / "a" / "scaling.json", "team")
    with suppress(RuntimeError), budget.held() as claims:
        claims["a"] = CLAIM
        raise RuntimeError
    with budget.held() as claims:
        assert claims == {}


@pytest.mark.parametrize("text", ["{", "[1]", '{"a": [1]}', '{"a": ["x", 1, 1, 1, 1]}', "null"])
def test_a_damaged_one_is_begun_anew(tmp_path: Path, text: str) -> None:
    budget = BudgetFile(tmp_path / "a" / "scaling.json", "team")
    budget.path.parent.mkdir(parents=True)
    budget.path.write_text(text)
    with budget.held() as claims:
        assert claims == {}
        claims["a"] = CLAIM
    with budget.held() as claims:
        assert claims == {"a": CLAIM}
