"""Which engine goes first when a replica gets a new one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from orchestrator.core.amounts import GIB
from orchestrator.core.deployment import DeploymentSpec
from orchestrator.core.fleet import EngineView, Fleet, Replica
from orchestrator.core.observed import fleet_of
from orchestrator.core.restart_order import restart_order
from tests.app.samples import demo_spec
from tests.core.test_observed import READY, application

SPEC = demo_spec()
(VARIANT,) = SPEC.variants


def on(**changes: Any) -> DeploymentSpec:
    """With the engine's fields among the variant's."""
    engine = {name: changes.pop(name) for name in ("gpu_sets", "engine") if name in changes}
    return replace(SPEC, variants=(replace(VARIANT, **changes, engine=replace(VARIANT.engine, **engine)),))


def replicas(count: int, view: EngineView = READY) -> tuple[Replica, ...]:
    return tuple(Replica(f"r{n}", VARIANT.name, "RUNNING", 1, "127.0.0.1", 0.0, view) for n in range(count))


def order(spec: DeploymentSpec, count: int = 1, memory_bytes: int | None = 2**60, view: EngineView = READY) -> str:
    engines = replicas(count, view)
    fleet: Fleet = fleet_of(spec, "http://x/v1", application(*engines, wanted=count), True)
    return str(restart_order(spec, fleet, engines[0], memory_bytes))


def test_where_memory_is_left_the_new_one_is_ready_before_the_old_one_goes() -> None:
    assert order(on(memory_bytes=GIB), memory_bytes=GIB) == "the new engine starts first: there is room for both"


TWO_SETS = (("GPU-a",), ("GPU-b",))


@pytest.mark.parametrize(
    ("spec", "count", "memory_bytes", "why"),
    [
        (on(memory_bytes=2 * GIB), 1, GIB, "another one takes 2.0 GiB, 1.0 GiB are available"),
        (on(num_gpus=1, gpu_sets=TWO_SETS), 2, 2**60, "each of the plan's 2 sets of GPUs has an engine"),
        (on(placed_replicas=3), 1, None, "a pod has room for one"),
        (on(engine="ollama"), 1, 2**60, "a server of Ollama has one copy of a model"),
        (on(name="another"), 1, 2**60, "its variant is none of the plan's"),
    ],
)
def test_the_old_one_goes_first_where(spec: DeploymentSpec, count: int, memory_bytes: int | None, why: str) -> None:
    assert order(spec, count, memory_bytes) == f"the old engine goes first: {why}"


def test_gpus_that_are_free_have_room_for_the_new_one() -> None:
    assert order(on(num_gpus=1, gpu_sets=TWO_SETS), count=1).startswith("the new engine starts first")


def test_of_one_that_is_drained_there_is_nothing_left_to_go() -> None:
    assert order(SPEC, view=replace(READY, ready=False, task="drained")).endswith("it is gone already")
