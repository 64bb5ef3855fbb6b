"""How many replicas a machine has room for in all."""

from __future__ import annotations

import pytest

from orchestrator.app.plan import require_fit
from orchestrator.core.errors import DoesNotFit, UsageError
from orchestrator.core.host_memory import usable_bytes
from orchestrator.core.plan import FitPlan
from orchestrator.core.planned_deployment import predicted
from orchestrator.core.profile import EngineName
from orchestrator.core.replica_bounds import ReplicaBounds
from orchestrator.core.room import most_replicas
from orchestrator.core.wish import Wish
from tests.core.machines import A100_80, machine, plan_for


def plan(num_gpus: int = 0, bounds: ReplicaBounds | None = None, **wished: object) -> FitPlan:
    return plan_for(machine(*[A100_80] * num_gpus), Wish(bounds=bounds, num_replicas=1, **wished))  # type: ignore[arg-type]


def test_on_gpus_there_is_room_for_as_many_as_there_are_sets_of_them() -> None:
    most, why = most_replicas(plan(3, profile="qwen3.5-9b-bf16"))
    assert (most, why) == (3, "each takes GPUs of its own")


def test_on_a_cpu_memory_bounds_them() -> None:
    made = plan(profile="demo-gguf")
    most, why = most_replicas(made)
    fit = made.placements[0].fit
    assert 1 < most <= usable_bytes(made.inventory.host) // (predicted(fit).memory_bytes // 2)
    assert "each further one takes" in why


def test_more_than_there_is_room_for_are_refused_with_how_many_there_is() -> None:
    require_fit(plan(3, profile="qwen3.5-9b-bf16", bounds=ReplicaBounds(1, 3)))
    with pytest.raises(DoesNotFit, match="up to 4 replicas are asked for, and there is room for 3") as raised:
        require_fit(plan(3, profile="qwen3.5-9b-bf16", bounds=ReplicaBounds(1, 4)))
    assert raised.value.hint == "qorch up --min-replicas 1 --max-replicas 3"


def test_an_engine_that_does_not_tell_how_busy_it_is_keeps_its_number() -> None:
    with pytest.raises(UsageError, match="Ollama does not tell how busy it is"):
        require_fit(plan(engine=EngineName.OLLAMA, bounds=ReplicaBounds(1, 2)))
