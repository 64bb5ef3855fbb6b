"""Bounds that a machine has no room for, or that nothing could be decided within."""

from __future__ import annotations

import pytest

from orchestrator.app.plan import make_described_plan, require_fit
from orchestrator.core.errors import DoesNotFit, UsageError
from orchestrator.core.inventory import one_host
from orchestrator.core.plan import FitPlan
from orchestrator.core.profile import EngineName
from orchestrator.core.replica_bounds import ReplicaBounds
from orchestrator.core.wish import Wish
from tests.core.machines import A100_80, PREDICT, PROFILES, machine, plan_for


def plan(least: int, most: int, profile: str = "qwen3.5-9b-bf16") -> FitPlan:
    """On three GPUs."""
    wish = Wish(profile, num_replicas=most, bounds=ReplicaBounds(least, most))
    return make_described_plan(PROFILES, one_host(machine(*[A100_80] * 3)), wish, PREDICT)


def test_a_plan_has_room_for_the_most_replicas() -> None:
    assert require_fit(plan(1, 3)).tensor_parallel_size == 1
    assert plan(1, 3).num_replicas == 3


def test_more_than_there_is_room_for_are_refused_with_how_many_there_is() -> None:
    with pytest.raises(DoesNotFit, match="up to 200 replicas are asked for, and there is room for 3") as raised:
        require_fit(plan(2, 200))
    assert raised.value.hint == "qorch up --min-replicas 2 --max-replicas 3"


def test_what_fits_not_even_once_is_refused_for_its_own_reason() -> None:
    with pytest.raises(DoesNotFit) as raised:
        require_fit(plan(1, 2, profile="qwen3.5-397b-a17b-bf16"))
    assert "room for" not in raised.value.message


def test_an_engine_that_does_not_tell_how_busy_it_is_keeps_its_number() -> None:
    made = plan_for(machine(), Wish(engine=EngineName.OLLAMA, num_replicas=1, bounds=ReplicaBounds(1, 1)))
    with pytest.raises(UsageError, match="Ollama does not tell how busy it is"):
        require_fit(made)
