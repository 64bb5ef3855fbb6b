"""The policy as Ray Serve 2.60 makes and calls it, with Ray's own contexts."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from itertools import count, permutations
from pathlib import Path
from typing import Any
from weakref import ref

import pytest

from orchestrator.adapters.budget_file import BudgetFile
from orchestrator.adapters.goal_file import write_goal
from orchestrator.adapters.scaling_file import read_state
from orchestrator.adapters.scaling_history import ScalingHistory
from orchestrator.core.deployment import GATEWAY, ScalingSpec
from orchestrator.core.replica_bounds import ReplicaBounds
from orchestrator.core.scaled import bounded
from orchestrator.core.scaling.budget import Budget
from orchestrator.core.scaling.goal import ScalingGoal
from orchestrator.core.scaling.parts import whole
from orchestrator.core.scaling.policy import ScalingPolicy
from orchestrator.core.scaling.pool_state import Changes
from orchestrator.core.scaling.prior import PoolPrior, TokenWork, VariantPrior
from orchestrator.core.scaling.seen import ReplicaSample
from orchestrator.core.scaling.verify import verified
from orchestrator.core.serve_config import POLICY, serve_config
from orchestrator.serving.autoscaling import PoolPolicy
from orchestrator.serving.scaling_ticks import LOOK_PERIOD_S, MOST_LOOK_PERIOD_S
from orchestrator.serving.told import ANSWERED, pool_seen, tpot_name
from tests.app.samples import demo_spec

BEGIN_S = 1_000_000.0
PRIOR = PoolPrior(TokenWork(0.0, 0.01), 1.0, 100.0, {"demo": VariantPrior(4.0, 4.0)})
Told = dict[str, float] | None

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Ray's own


def deployment(name: str) -> Any:
    from ray.serve._private.common import DeploymentID

    return DeploymentID(name, "qorch")


def context(name: str, now_s: float, target: int, *told: Told) -> Any:
    """One deployment between 1 and 3 replicas, of which as many run as told something, if only None."""
    from ray.serve._private.common import ReplicaID, TimeStampedValue
    from ray.serve.config import AutoscalingContext

    replicas = [ReplicaID(f"{name}-{number}", deployment(name)) for number in range(len(told))]
    raw: dict[str, dict[Any, Any]] = {}
    for replica, values in zip(replicas, told, strict=True):
        for metric, value in (values or {}).items():
            raw.setdefault(metric, {})[replica] = [TimeStampedValue(now_s, 0.0), TimeStampedValue(now_s, value)]
    return AutoscalingContext(
        deployment_id=deployment(name), deployment_name=name, app_name="qorch", current_num_replicas=len(told),
        target_num_replicas=target, running_replicas=replicas, total_num_requests=0.0, total_queued_requests=0.0,
        aggregated_metrics={}, raw_metrics=lambda: raw, capacity_adjusted_min_replicas=1,
        capacity_adjusted_max_replicas=3, policy_state={}, last_scale_up_time=None, last_scale_down_time=None,
        current_time=now_s, config=None,
    )  # fmt: skip


def told(second: float, tokens: float, running: float = 4.0, waiting: float = 0.0) -> Told:
    return ReplicaSample(100.0 + second, running, waiting, 0.0, tokens, 4.0)._asdict()


class Controller:
    """Calls a policy as Ray's does, and has what it answers."""

    def __init__(self, policy: PoolPolicy) -> None:
        self.policy, self.second, self.target = policy, 0, 1

    def look(self, *replicas: Told) -> int:
        self.second += 1
        contexts = [
            context("demo", BEGIN_S + self.second, self.target, *replicas),
            context(GATEWAY, BEGIN_S + self.second, 1, {ANSWERED: 4.0 * self.second}),
        ]
        counts, _ = self.policy({each.deployment_id: each for each in contexts})
        assert counts[deployment(GATEWAY)] == 1
        self.target = counts[deployment("demo")]
        return self.target

    def busy(self, seconds: int) -> int:
        """One replica that is full, and before which ever more wait."""
        for _ in range(seconds):
            self.look(told(self.second, 400.0 * self.second, waiting=5.0 * self.second))
        return self.target


Make = Callable[..., PoolPolicy]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def make(folder: Path = tmp_path) -> PoolPolicy:
        from ray.serve._private.autoscaling_state import _resolve_policy_callable
        from ray.serve.config import AutoscalingPolicy

        arguments = {
            "path": str(folder / "scaling.json"), "policy": asdict(ScalingPolicy(least_hold_s=10.0)),
            "prior": asdict(PRIOR),
        }  # fmt: skip
        made = AutoscalingPolicy(policy_function=POLICY, policy_kwargs=json.loads(json.dumps(arguments)))
        policy: PoolPolicy = _resolve_policy_callable(made)
        return policy

    return make


def test_more_load_is_answered_with_more_replicas_within_rays_bounds(make: Make) -> None:
    assert Controller(make()).busy(30) == 3


def test_requests_by_their_tpot_are_summed_over_gateways_and_what_makes_no_sense_is_left_out() -> None:
    one = {tpot_name("demo", 7): 2.0, tpot_name("demo", 3): 1.0, tpot_name("other", 3): 9.0}
    two = {tpot_name("demo", 7): 3.0, tpot_name("demo", 9): math.nan}
    (seen,) = whole(pool_seen([context("demo", BEGIN_S, 1), context(GATEWAY, BEGIN_S, 2, one, two)], BEGIN_S)).variants
    assert [*seen.tpots.items()] == [(3, 1.0), (7, 5.0)]


def aside(second: float) -> Told:
    return {**(told(second, 0.0, running=0.0) or {}), "max_num_seqs": 0.0}


def test_a_replica_that_stands_aside_is_neither_reckoned_with_nor_given_up(make: Make) -> None:
    (seen,) = whole(pool_seen([context("demo", BEGIN_S, 2, told(1, 400.0), aside(1))], BEGIN_S)).variants
    assert (seen.min_replicas, seen.max_replicas, seen.asked, list(seen.replicas)) == (1, 2, 1, ["demo-0"])
    controller = Controller(make())
    controller.target = 2
    counts = [controller.look(told(second, 0.0, running=0.0), aside(second)) for second in range(1, 120)]
    assert set(counts) == {2}


def test_beside_one_that_stands_aside_there_may_be_as_many_as_the_bounds_leave(make: Make) -> None:
    controller = Controller(make())
    controller.target = 2
    for second in range(1, 40):
        controller.look(told(second, 400.0 * second, waiting=5.0 * second), aside(second))
    assert controller.target == 3


def test_whatever_kind_of_number_is_told_is_seen_as_one() -> None:
    numbers: Told = dict.fromkeys(ReplicaSample._fields, 4)
    demo, gateway = context("demo", BEGIN_S, 1, numbers), context(GATEWAY, BEGIN_S, 1, {ANSWERED: 7})
    seen = whole(pool_seen([demo, gateway], BEGIN_S))
    (sample,) = seen.variants[0].replicas.values()
    assert sample is not None
    assert {type(value) for value in (*sample, seen.answered_requests)} == {float}


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("silent", [None, 0, 2])
def test_what_a_replica_told_is_its_own_in_whatever_order_serve_has_the_series(
    order: tuple[int, ...], silent: int | None
) -> None:
    every = [None if number == silent else told(number, 100.0 * number) for number in range(3)]
    there = context("demo", BEGIN_S, 3, *every)
    for metric, series in there.raw_metrics.items():
        in_order = sorted(series.items(), key=lambda pair: order[int(pair[0].unique_id.removeprefix("demo-"))])
        there.raw_metrics[metric] = dict(in_order)
    samples = whole(pool_seen([there], BEGIN_S)).variants[0].replicas
    assert samples == {f"demo-{number}": each and ReplicaSample(**each) for number, each in enumerate(every)}


def test_between_looks_the_answer_stands_and_takes_no_time(make: Make) -> None:
    controller = Controller(make())
    controller.busy(30)
    contexts = {deployment("demo"): context("demo", BEGIN_S + 30 + LOOK_PERIOD_S / 2, 3, None)}
    begin_s = time.perf_counter()
    answers = [controller.policy(contexts)[0] for _ in range(100)]
    assert (time.perf_counter() - begin_s) / 100 < 0.001
    assert answers == [{deployment("demo"): 3}] * 100


def test_a_look_that_takes_several_ticks_decides_as_one_that_takes_one(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.serving.scaling_ticks.MOST_REPLICAS", 1)
    controller, answers = Controller(make()), []
    for _ in range(30):
        answers.append(controller.busy(1))
    controller.policy._record.close()
    *_, found = verified(ScalingHistory(tmp_path / "history.db").segments())
    assert (answers[:3], answers[-1]) == ([1, 1, 1], 3)
    assert found.difference is None
    assert 0 < found.looks <= 30 // 4  # ticks: one to read, one to follow, one to learn, one to decide


def test_what_serve_gathered_for_a_look_is_let_go_as_it_is_read() -> None:
    contexts = [context(name, BEGIN_S, 1, told(1, 40.0)) for name in ("one", "two")]
    kept, seeing = [ref(each) for each in contexts], pool_seen(contexts, BEGIN_S)
    contexts.clear()
    assert [next(seeing), next(seeing)] == [1, 1]
    assert [each() for each in kept] == [None, None]


@pytest.mark.parametrize(("look_s", "period_s"), [(0.001, LOOK_PERIOD_S), (0.01, 2.0), (1.0, MOST_LOOK_PERIOD_S)])
def test_looks_that_take_long_are_fewer(
    make: Make, monkeypatch: pytest.MonkeyPatch, look_s: float, period_s: float
) -> None:
    """A two-hundredth of the controller's time; the processor's time is a clock that each look moves by this."""
    clock, policy, looks = count(), make(), []
    monkeypatch.setattr("orchestrator.serving.scaling_ticks.thread_time", lambda: look_s * next(clock))
    for tick in range(400):
        now_s = BEGIN_S + tick / 10
        before = next(clock)
        policy({deployment("demo"): context("demo", now_s, 1, told(tick / 10, 40.0 * tick))})
        looks += [now_s] if next(clock) > before + 1 else []
    assert looks[-1] - looks[-2] == pytest.approx(period_s, abs=0.11)


def test_one_look_that_takes_long_changes_nothing(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0.0, 0.001, 0.0, 5.0, 0.0, 0.001])
    policy = make()
    monkeypatch.setattr("orchestrator.serving.scaling_ticks.thread_time", lambda: next(times))
    for tick in range(3):
        policy({deployment("demo"): context("demo", BEGIN_S + tick * LOOK_PERIOD_S, 1, told(tick, 40.0 * tick))})
    assert next(times, None) is None


@pytest.mark.parametrize(
    "nothing", [None, {}, {"clock_s": 1.0}, {name: float("nan") for name in ReplicaSample._fields}]
)
def test_metrics_that_are_missing_or_nonsense_hold(make: Make, nothing: Told) -> None:
    controller = Controller(make())
    controller.busy(30)
    assert {controller.look(nothing) for _ in range(100)} == {3}


def test_a_goal_that_is_written_meanwhile_counts_from_the_next_look(make: Make, tmp_path: Path) -> None:
    controller = Controller(make())
    assert controller.look(told(0, 0.0, running=0.0)) == 1
    write_goal(tmp_path / "goal.json", ScalingGoal(tok_s=1000.0))  # a replica writes 400 a second
    assert controller.look(told(1, 0.0, running=0.0)) == 3
    (tmp_path / "goal.json").write_text("nonsense")
    assert controller.look(told(2, 0.0, running=0.0)) == 3


def test_fleets_that_share_a_budget_never_cost_more_together(make: Make, tmp_path: Path) -> None:
    fleets = [Controller(make(tmp_path / name)) for name in ("a", "b")]
    for name in ("a", "b"):
        write_goal(tmp_path / name / "goal.json", ScalingGoal(budget=Budget("team", 4.0)))
    counts = []
    for second in range(60):
        for fleet, waiting in zip(fleets, (5.0 * second, 5.0 * max(0, second - 20)), strict=True):
            fleet.look(told(second, 400.0 * second, waiting=waiting))
        counts.append(tuple(fleet.target for fleet in fleets))
    assert (3, 1) in counts
    assert counts[-1] == (2, 2)
    assert all(sum(each) <= 4 for each in counts)


def test_a_budget_that_another_fleet_holds_leaves_things_as_they_are(make: Make, tmp_path: Path) -> None:
    controller = Controller(make(tmp_path / "a"))
    write_goal(tmp_path / "a" / "goal.json", ScalingGoal(tok_s=1000.0, budget=Budget("team", 4.0)))
    with BudgetFile(tmp_path / "a" / "scaling.json", "team").held():
        assert controller.look(told(0, 0.0, running=0.0)) == 1
    controller.look(told(1, 0.0, running=0.0))
    assert controller.look(told(2, 0.0, running=0.0)) == 3


def test_a_policy_that_is_made_anew_remembers(make: Make, tmp_path: Path) -> None:
    controller = Controller(make())
    controller.busy(30)
    controller.policy._record.close()
    state = read_state(tmp_path / "scaling.json")
    assert state is not None
    again = Controller(make())
    again.second, again.target = controller.second, controller.target
    assert again.policy._memory == state.memory
    assert again.busy(5) == 3


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 0}', '{"version": 1, "memory": {"watched_s": 1}}'])
def test_a_memory_of_no_use_is_dropped_and_said(
    make: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    (tmp_path / "scaling.json").write_text(text)
    logging.getLogger("ray.serve").propagate = True
    with caplog.at_level(logging.WARNING, "ray.serve"):
        policy = make()
    assert "what scaling had learned is dropped" in caplog.text
    assert Controller(policy).busy(30) == 3


def test_the_first_decision_of_a_controller_that_restarts_is_no_change(make: Make, tmp_path: Path) -> None:
    first = Controller(make())
    first.busy(30)
    first.policy._record.close()
    again = Controller(make())
    again.second, again.target = first.second, first.target
    again.busy(5)
    again.policy._record.close()
    made = ScalingHistory(tmp_path / "history.db").decisions()
    assert [(each.before["demo"], each.decision.replicas["demo"]) for each in made] == [(1, 3)]
    state = read_state(tmp_path / "scaling.json")
    assert state is not None
    assert state.changes == {"demo": Changes(up=1)}


def test_what_a_controller_and_its_successor_decided_comes_out_again(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.adapters.history_writer.SEGMENT_LOOKS", 10)
    target, second = 1, 0
    for _ in range(3):
        controller = Controller(make())
        controller.target, controller.second = target, second
        target = controller.busy(30)
        second = controller.second
        controller.policy._record.close()
    *_, found = verified(ScalingHistory(tmp_path / "history.db").segments())
    assert found.difference is None
    assert found.begin_s == BEGIN_S + 1
    assert 75 < found.looks <= 90  # what a controller has not written when it ends is lost


def test_a_history_that_cannot_be_written_is_said_and_changes_nothing(
    make: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "history.db").mkdir()
    logging.getLogger("ray.serve").propagate = True
    controller = Controller(make())
    with caplog.at_level(logging.WARNING, "ray.serve"):
        assert controller.busy(30) == 3
        controller.policy._record.close()
    assert "history.db cannot be written" in caplog.text
    assert "Traceback" not in caplog.text
    assert read_state(tmp_path / "scaling.json") is not None


def test_a_look_that_goes_wrong_leaves_every_deployment_as_it_is(make: Make) -> None:
    policy = make()
    one = context("unknown", BEGIN_S, 2, told(0, 0.0))
    assert policy({one.deployment_id: one}) == ({one.deployment_id: 2}, {})


def test_a_fleet_without_traffic_writes_no_oftener_than_every_few_seconds(make: Make, tmp_path: Path) -> None:
    controller, written = Controller(make()), set()
    for second in range(20):
        controller.look(told(second, 0.0, running=0.0))
        controller.policy._record._writer.submit(lambda: None).result()
        written.add((tmp_path / "scaling.json").stat().st_mtime_ns)
    assert 3 <= len(written) <= 7


def test_ray_takes_the_config_of_an_autoscaled_fleet(tmp_path: Path) -> None:
    from ray.serve.schema import ServeDeploySchema

    spec = bounded(replace(demo_spec(), scaling=ScalingSpec(str(tmp_path / "s.json"))), ReplicaBounds(0, 3))
    config: Any = ServeDeploySchema.model_validate(json.loads(json.dumps(serve_config(spec))))
    (application,) = config.applications
    demo, gateway = application.deployments
    assert (demo.autoscaling_config["min_replicas"], demo.autoscaling_config["max_replicas"]) == (0, 3)
    assert gateway.autoscaling_config["max_replicas"] == 1
    assert application.autoscaling_policy["policy_function"] == POLICY
    PoolPolicy(**application.autoscaling_policy["policy_kwargs"])
