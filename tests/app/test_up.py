"""`up` over a runtime in memory: what it does in which order, and what it leaves behind when it fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NoReturn

import pytest

from orchestrator.adapters.in_memory import InMemoryRuntime
from orchestrator.app import up as up_module
from orchestrator.app.scale import Asked, scale
from orchestrator.app.up import Order, UpResult, UpSettings, up
from orchestrator.core.errors import DeployFailed, EnvironmentNotReady, ExitCode, TimedOut
from orchestrator.core.fleet import FleetPhase
from orchestrator.core.inventory import Gpu, MigInstance
from orchestrator.core.wish import Wish
from tests.app.samples import Recording, demo_order, settings
from tests.core.machines import A100_80, GIB, H100_80, gpu, machine, plan_for, with_gpus

NEVER = 10**9


def bring_up(
    runtime: InMemoryRuntime,
    order: Callable[[], Order] = demo_order,
    wishes: UpSettings | None = None,
    reporter: Recording | None = None,
) -> UpResult:
    return up(order, runtime, wishes or settings(), reporter or Recording())


def not_asked() -> NoReturn:
    raise AssertionError("a plan was made")


def fail(error: BaseException) -> Callable[..., NoReturn]:
    def failing(*_: object) -> NoReturn:
        raise error

    return failing


def test_the_first_up_goes_through_its_phases_and_ends_with_a_ready_fleet() -> None:
    runtime, reporter = InMemoryRuntime(), Recording()
    result = bring_up(runtime, reporter=reporter)
    assert result.changed
    assert result.fleet is not None
    assert result.fleet.phase is FleetPhase.READY
    assert reporter.phases == ["weights", "start", "load"]
    assert reporter.ended == ["weights", "start", "ready"]
    assert runtime.calls == ["remove", "prepare", "apply 1"]


def test_what_is_deployed_is_what_was_planned_with_the_weights_that_were_resolved() -> None:
    runtime = InMemoryRuntime("mine")
    bring_up(runtime, lambda: demo_order(replicas=3), settings(replicas=3))
    spec = runtime.deployed()
    assert spec is not None
    assert (spec.fleet, spec.profiles, spec.num_replicas) == ("mine", "demo-gguf", 3)
    assert spec.variants[0].engine.model_path == "/weights/demo.gguf"
    assert spec.asked["replicas"] == 3


def test_up_again_changes_nothing_and_makes_no_plan() -> None:
    runtime = InMemoryRuntime()
    bring_up(runtime)
    before = list(runtime.calls)
    result = bring_up(runtime, not_asked)
    assert not result.changed
    assert result.fleet is not None
    assert result.fleet.phase is FleetPhase.READY
    assert runtime.calls == before


def test_another_wish_leaves_the_fleet_alone_and_names_every_difference() -> None:
    runtime = InMemoryRuntime()
    bring_up(runtime)
    with pytest.raises(EnvironmentNotReady) as raised:
        bring_up(runtime, not_asked, settings(context=4096, port=9000))
    assert "context: None runs, 4096 is asked for" in raised.value.message
    assert "port: 8000 runs, 9000 is asked for" in raised.value.message
    assert raised.value.hint is not None
    assert raised.value.hint.startswith("qorch down first")
    assert runtime.deployed() is not None


def test_where_only_the_count_differs_scale_is_the_hint() -> None:
    runtime = InMemoryRuntime("mine")
    bring_up(runtime)
    with pytest.raises(EnvironmentNotReady) as raised:
        bring_up(runtime, not_asked, settings(replicas=3))
    assert raised.value.hint == "qorch scale 3 --fleet mine"


@pytest.mark.parametrize("asked", [None, 2])
def test_the_count_that_scale_has_left_is_no_difference(asked: int | None) -> None:
    runtime = InMemoryRuntime()
    bring_up(runtime)
    scale(runtime, Asked(2, 2), memory_available_bytes=2**40, timeout_s=5, wait=True, reporter=Recording())
    assert not bring_up(runtime, not_asked, settings(replicas=asked)).changed


@pytest.mark.parametrize("error", [EnvironmentNotReady("the hub is away"), KeyboardInterrupt()])
@pytest.mark.parametrize("step", ["prepare", "apply", "observe"])
def test_whatever_fails_during_the_first_up_takes_everything_down(
    step: str, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime, reporter = InMemoryRuntime(), Recording()
    monkeypatch.setattr(runtime, step, fail(error))
    with pytest.raises(type(error)):
        bring_up(runtime, reporter=reporter)
    assert runtime.calls[-1] == "remove"
    assert runtime.deployed() is None
    assert reporter.phases[-1] == "undo"


def test_weights_that_cannot_be_had_start_nothing() -> None:
    runtime = InMemoryRuntime()
    missing = replace(demo_order(), resolve=fail(EnvironmentNotReady("no route to the hub")))
    with pytest.raises(EnvironmentNotReady, match="no route to the hub"):
        bring_up(runtime, lambda: missing)
    assert "prepare" not in runtime.calls


def test_a_plan_that_is_not_agreed_to_starts_nothing() -> None:
    runtime = InMemoryRuntime()
    with pytest.raises(KeyboardInterrupt):
        bring_up(runtime, fail(KeyboardInterrupt()))
    assert runtime.calls == ["remove"]


def test_a_deployment_that_fails_is_taken_down_and_told_with_the_engines_last_words() -> None:
    runtime = InMemoryRuntime(steps_to_run=NEVER)
    runtime.fails_with = DeployFailed("the engine ended", log_lines=("unknown model architecture",))
    with pytest.raises(DeployFailed) as raised:
        bring_up(runtime)
    assert raised.value.log_lines == ("unknown model architecture",)
    assert runtime.calls[-1] == "remove"


def test_one_that_only_takes_longer_is_left_converging() -> None:
    runtime = InMemoryRuntime(steps_to_run=NEVER)
    with pytest.raises(TimedOut) as raised:
        bring_up(runtime, wishes=settings(timeout_s=0.05))
    assert raised.value.exit_code is ExitCode.TIMED_OUT
    assert raised.value.hint == "qorch status --watch"
    assert runtime.deployed() is not None
    assert runtime.calls[-1] == "apply 1"


def test_up_again_waits_for_one_that_was_left_converging() -> None:
    runtime = InMemoryRuntime(steps_to_run=5)
    with pytest.raises(TimedOut):
        bring_up(runtime, wishes=settings(timeout_s=0.05))
    result = bring_up(runtime, not_asked)
    assert result.fleet is not None
    assert result.fleet.phase is FleetPhase.READY


def test_without_waiting_it_returns_what_there_is_so_far() -> None:
    runtime = InMemoryRuntime(steps_to_run=NEVER)
    result = bring_up(runtime, wishes=settings(wait=False))
    assert result.changed
    assert result.fleet is not None
    assert result.fleet.phase is FleetPhase.STARTING


def test_a_fleet_that_runs_already_is_not_taken_down_when_it_fails() -> None:
    runtime = InMemoryRuntime(steps_to_run=NEVER)
    bring_up(runtime, wishes=settings(wait=False))
    runtime.fails_with = DeployFailed("the engine ended")
    with pytest.raises(DeployFailed):
        bring_up(runtime, not_asked)
    assert runtime.deployed() is not None


def test_what_a_crash_has_left_is_cleared_before_the_plan_is_made_and_said() -> None:
    runtime, reporter = InMemoryRuntime(), Recording()
    runtime.prepare(1, 0)
    bring_up(runtime, reporter=reporter)
    assert reporter.said == ["cleared what a crash had left of the fleet 'default'"]
    assert runtime.calls == ["prepare", "remove", "prepare", "apply 1"]


def test_a_fleet_whose_controller_is_gone_is_refused_though_it_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(up_module, "CONTROLLER_PATIENCE_S", 0.1)
    runtime = InMemoryRuntime()
    bring_up(runtime)
    runtime.controller_answers = False
    with pytest.raises(EnvironmentNotReady, match="controller of the fleet 'default' does not answer"):
        bring_up(runtime, not_asked)
    assert runtime.deployed() is not None


def test_a_controller_that_comes_back_in_time_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = InMemoryRuntime()
    bring_up(runtime)
    runtime.controller_answers = False

    def back(_: float) -> None:
        runtime.controller_answers = True

    monkeypatch.setattr(up_module.time, "sleep", back)
    assert not bring_up(runtime, not_asked).changed


def test_up_while_another_command_holds_the_fleet_is_refused() -> None:
    runtime = InMemoryRuntime()
    with runtime.locked("scale"), pytest.raises(EnvironmentNotReady, match="is being changed by `qorch scale`"):
        bring_up(runtime, not_asked)
    assert runtime.calls == []


SLICES = tuple(MigInstance(f"MIG-{name}", "1g.10gb", 9 * GIB, 9 * GIB) for name in ("a", "b"))
CUT = replace(gpu(1, *H100_80), mig_enabled=True, mig_instances=SLICES)


@pytest.mark.parametrize(
    ("gpus", "count"),
    [
        ((), 0),
        ((gpu(0, *A100_80), CUT), 3),
        ((replace(gpu(0, *A100_80), hidden="hidden"), replace(gpu(1, *A100_80), error="GPU is lost")), 0),
    ],
)
def test_the_devices_that_can_be_used_are_offered_to_ray(
    monkeypatch: pytest.MonkeyPatch, gpus: tuple[Gpu, ...], count: int
) -> None:
    runtime, offered = InMemoryRuntime(), []
    prepare = runtime.prepare

    def noted(num_cpus: int, num_gpus: int) -> object:
        offered.append((num_cpus, num_gpus))
        return prepare(num_cpus, num_gpus)

    monkeypatch.setattr(runtime, "prepare", noted)
    plan = plan_for(with_gpus(machine(A100_80), *gpus), Wish("demo-gguf"))
    bring_up(runtime, lambda: replace(demo_order(), plan=plan))
    assert offered == [(plan.inventory.host.cpu_cores, count)]
