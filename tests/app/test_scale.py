"""`scale` over a runtime in memory."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.adapters.in_memory import InMemoryRuntime
from orchestrator.app.scale import Asked, scale
from orchestrator.core.deployment import ScalingSpec
from orchestrator.core.errors import DeployFailed, DoesNotFit, EnvironmentNotReady, TimedOut, UsageError
from orchestrator.core.fleet import Fleet
from orchestrator.core.replica_bounds import ReplicaBounds
from orchestrator.core.scaled import bounded
from tests.app.samples import Recording, demo_spec

PLENTY = 2**40
NEVER = 10**9


@pytest.fixture
def runtime() -> InMemoryRuntime:
    """One replica runs."""
    runtime = InMemoryRuntime()
    runtime.prepare(4, 0)
    runtime.apply(demo_spec())
    ask(runtime, 1)
    return runtime


def ask(
    runtime: InMemoryRuntime,
    count: int,
    memory_bytes: int = PLENTY,
    timeout_s: float = 5,
    wait: bool = True,
    reporter: Recording | None = None,
) -> Fleet | None:
    return scale(runtime, Asked(count, count), memory_bytes, timeout_s, wait, reporter or Recording())


def test_it_returns_when_exactly_so_many_replicas_are_ready(runtime: InMemoryRuntime) -> None:
    fleet = ask(runtime, 3)
    assert fleet is not None
    assert (fleet.ready_replicas, len(fleet.engines)) == (3, 3)
    fleet = ask(runtime, 1)
    assert fleet is not None
    assert len(fleet.engines) == 1


def test_the_count_that_runs_already_is_not_applied_again(runtime: InMemoryRuntime) -> None:
    before, reporter = list(runtime.calls), Recording()
    ask(runtime, 1, reporter=reporter)
    assert runtime.calls == before
    assert reporter.said == ["1 replica asked for already: nothing to change"]


def test_as_many_as_there_are_gpus_for_are_not_taken_for_more(runtime: InMemoryRuntime) -> None:
    (variant,) = demo_spec().variants
    engine = replace(variant.engine, gpu_sets=(("GPU-a",),))
    runtime.apply(replace(demo_spec(), variants=(replace(variant, num_gpus=1, engine=engine),)))
    with pytest.raises(DoesNotFit, match="enough for 1 replicas in all"):
        ask(runtime, 2)


def test_everything_but_the_count_stays_as_it_is(runtime: InMemoryRuntime) -> None:
    before = runtime.deployed()
    ask(runtime, 2)
    after = runtime.deployed()
    assert before is not None
    assert after is not None
    assert after.serve_arguments() == before.serve_arguments()
    assert after.num_replicas == 2


def test_without_a_fleet_it_says_how_to_get_one() -> None:
    with pytest.raises(EnvironmentNotReady, match="there is no fleet 'mine' to scale") as raised:
        ask(InMemoryRuntime("mine"), 2)
    assert raised.value.hint == "qorch up --fleet mine"


def test_replicas_that_the_host_has_no_memory_for_are_refused_with_how_many_it_has(runtime: InMemoryRuntime) -> None:
    each = demo_spec().variants[0].memory_bytes
    with pytest.raises(DoesNotFit, match="4 more replicas would take") as raised:
        ask(runtime, 5, memory_bytes=2 * each + 1)
    assert raised.value.hint == "qorch scale 3"
    assert runtime.calls[-1] == "apply 1"
    assert ask(runtime, 3, memory_bytes=2 * each) is not None


def test_where_not_one_more_has_room_the_hint_is_to_look_at_memory(runtime: InMemoryRuntime) -> None:
    with pytest.raises(DoesNotFit, match="1 more replica would take") as raised:
        ask(runtime, 2, memory_bytes=1)
    assert raised.value.hint == "free -h"


def test_fewer_replicas_need_no_memory(runtime: InMemoryRuntime) -> None:
    ask(runtime, 2)
    fleet = ask(runtime, 1, memory_bytes=0)
    assert fleet is not None
    assert len(fleet.engines) == 1


def test_replicas_that_fail_to_start_end_the_wait_at_once(runtime: InMemoryRuntime) -> None:
    runtime.fails_with = DeployFailed("no memory")
    with pytest.raises(DeployFailed, match="no memory"):
        ask(runtime, 2, timeout_s=60)
    assert runtime.deployed() is not None


def test_replicas_that_take_too_long_go_on_in_the_background() -> None:
    runtime = InMemoryRuntime(steps_to_run=NEVER)
    runtime.prepare(4, 0)
    runtime.apply(demo_spec())
    with pytest.raises(TimedOut, match=r"not 2 replicas within 0\.05 s"):
        ask(runtime, 2, timeout_s=0.05)
    assert runtime.calls[-1] == "apply 2"


def test_without_waiting_it_returns_while_they_start(runtime: InMemoryRuntime) -> None:
    fleet = ask(runtime, 4, wait=False)
    assert fleet is not None
    assert fleet.target_num_replicas == 4
    assert fleet.ready_replicas < 4


@pytest.fixture
def autoscaled() -> InMemoryRuntime:
    """Between one and three replicas follow the load."""
    runtime = InMemoryRuntime()
    runtime.prepare(4, 0)
    runtime.apply(bounded(replace(demo_spec(), scaling=ScalingSpec("/scaling.json")), ReplicaBounds(1, 3)))
    return runtime


def between(runtime: InMemoryRuntime, asked: Asked, memory_bytes: int = PLENTY) -> ReplicaBounds | None:
    """The bounds that are deployed then."""
    scale(runtime, asked, memory_bytes, 5, True, Recording())
    spec = runtime.deployed()
    assert spec is not None
    return spec.bounds


def test_either_bound_is_changed_alone_and_a_number_is_both(autoscaled: InMemoryRuntime) -> None:
    assert between(autoscaled, Asked(None, 4)) == ReplicaBounds(1, 4)
    assert between(autoscaled, Asked(2, None)) == ReplicaBounds(2, 4)
    assert between(autoscaled, Asked(3, 3)) is None
    assert between(autoscaled, Asked(1, 4)) == ReplicaBounds(1, 4)


def test_bounds_that_contradict_each_other_are_refused(autoscaled: InMemoryRuntime) -> None:
    with pytest.raises(UsageError, match="at least 4 and at most 3 replicas are no range") as raised:
        between(autoscaled, Asked(4, None))
    assert raised.value.hint == "qorch scale --min 4 --max 4"


def test_bounds_that_the_host_has_no_room_for_are_refused_with_what_it_has(autoscaled: InMemoryRuntime) -> None:
    each = demo_spec().variants[0].memory_bytes
    with pytest.raises(DoesNotFit, match="7 more replicas would take") as raised:
        between(autoscaled, Asked(None, 8), memory_bytes=3 * each)
    assert raised.value.hint == "qorch scale --max 4"


def test_a_fixed_number_can_follow_the_load_from_now_on_and_be_fixed_again(runtime: InMemoryRuntime) -> None:
    assert between(runtime, Asked(1, 3)) == ReplicaBounds(1, 3)
    assert between(runtime, Asked(goal={"tok_s": 900.0})) == ReplicaBounds(1, 3)
    assert between(runtime, Asked(2, 2)) is None
    assert between(runtime, Asked(None, 4)) == ReplicaBounds(2, 4)


def test_a_goal_for_a_fixed_number_says_what_lets_it_follow(runtime: InMemoryRuntime) -> None:
    reporter = Recording()
    scale(runtime, Asked(goal={"ttft_s": 5.0}), PLENTY, 5, True, reporter)
    assert reporter.said == ["the number of replicas stays at 1: --min and --max let it follow the load"]
    fleet = runtime.observe()
    assert fleet is not None
    assert fleet.scaling is not None
    assert (str(fleet.scaling.bounds), fleet.scaling.goal.ttft_s) == ("1..1", 5.0)


def test_a_fleet_that_has_no_policy_says_how_to_have_one(runtime: InMemoryRuntime) -> None:
    runtime.apply(replace(demo_spec(), scaling=None))
    with pytest.raises(EnvironmentNotReady, match="can never follow the load") as raised:
        between(runtime, Asked(1, 3))
    assert raised.value.hint == "qorch down, then qorch up --min-replicas 1 --max-replicas 3"
