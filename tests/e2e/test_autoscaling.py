"""A real fleet whose replicas follow the load: Ray Serve with qorch's policy, llama.cpp engines, and real requests."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise

import httpx
import psutil
import pytest

from bench.steady_load import steady_load
from orchestrator.adapters.bare_host import BareHost
from orchestrator.adapters.demo_model import make_demo_gguf
from orchestrator.adapters.fleet_files import FleetFiles
from orchestrator.adapters.owned_processes import Owner
from orchestrator.adapters.ports import free_ports
from orchestrator.adapters.ray_head import ray_folder
from orchestrator.adapters.scaling_file import read_state
from orchestrator.adapters.scaling_history import ScalingHistory
from orchestrator.app.asked_replica import Patience
from orchestrator.app.drain import drain
from orchestrator.app.restart import restart
from orchestrator.app.scale import Asked, scale
from orchestrator.core.deployment import ScalingSpec
from orchestrator.core.fleet import Fleet, FleetPhase, Replica
from orchestrator.core.replica_bounds import ReplicaBounds
from orchestrator.core.scaled import bounded
from orchestrator.core.scaling.policy import ScalingPolicy
from orchestrator.core.scaling.verify import verified
from tests.app.samples import Recording, demo_spec

pytestmark = pytest.mark.e2e

BOUNDS = ReplicaBounds(1, 3)
HOLD_S = 6.0
CLIENTS, TOKENS = 48, 256


@dataclass
class Autoscaled:
    """A fleet, and the file that its policy keeps."""

    host: BareHost
    files: FleetFiles

    def fleet(self) -> Fleet:
        fleet = self.host.observe()
        assert fleet is not None
        return fleet

    def until(self, so: Callable[[Fleet], bool], what: str, patience_s: float = 45.0) -> Fleet:
        deadline_s = time.monotonic() + patience_s
        while time.monotonic() < deadline_s:
            if so(fleet := self.fleet()):
                return fleet
            time.sleep(0.3)
        raise AssertionError(f"not within {patience_s:g} s: {what}\n{self.fleet()}")

    def bound(self, asked: Asked) -> None:
        scale(self.host, asked, 2**40, 60, True, Recording())

    def settled(self) -> Fleet:
        return self.until(lambda fleet: len(fleet.engines) == fleet.target_num_replicas == 1, "back to one replica")


@pytest.fixture(scope="module")
def autoscaled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Autoscaled]:
    folder = tmp_path_factory.mktemp("autoscaled")
    host = BareHost(folder / "state", "autoscaled")
    try:
        paths = host.prepare(num_cpus=2, num_gpus=0)
        spec = demo_spec("autoscaled", make_demo_gguf(folder), free_ports(1)[0], paths, folder / "keys.json")
        scaling = ScalingSpec(
            str(paths.scaling_path), ScalingPolicy(least_hold_s=HOLD_S, idle_s=HOLD_S, empty_s=HOLD_S)
        )
        host.apply(bounded(replace(spec, scaling=scaling), BOUNDS))
        made = Autoscaled(host, FleetFiles(folder / "state", "autoscaled"))
        made.until(lambda fleet: fleet.phase is FleetPhase.READY, "ready", 90)
        yield made
    finally:
        host.remove()


def test_replicas_follow_the_load_up_and_down_without_a_failed_request(autoscaled: Autoscaled) -> None:
    endpoint = autoscaled.settled().endpoint
    with steady_load(endpoint, CLIENTS, TOKENS) as answers:
        autoscaled.until(lambda fleet: fleet.target_num_replicas == 3, "three replicas are asked for")
        autoscaled.until(lambda fleet: fleet.ready_replicas == 3, "three replicas are ready")
    with steady_load(endpoint, 1, 8) as after:
        autoscaled.bound(Asked(1, 1))
        autoscaled.until(lambda fleet: len(fleet.engines) == 1, "two replicas have gone")
    autoscaled.bound(Asked(1, 3))
    assert set(answers) == set(after) == {200}


def test_replicas_go_when_nothing_comes(autoscaled: Autoscaled) -> None:
    with steady_load(autoscaled.settled().endpoint, CLIENTS, TOKENS):
        autoscaled.until(lambda fleet: fleet.ready_replicas >= 2, "more than one replica")
    autoscaled.settled()


def test_a_fleet_that_nothing_comes_to_has_no_replica_and_the_next_request_starts_one(autoscaled: Autoscaled) -> None:
    endpoint = autoscaled.settled().endpoint
    autoscaled.bound(Asked(0, 3))
    autoscaled.until(lambda fleet: fleet.phase is FleetPhase.IDLE, "no replica")
    with steady_load(endpoint, 1, 8) as answers:
        autoscaled.until(lambda fleet: fleet.phase is FleetPhase.READY, "a replica again")
    autoscaled.bound(Asked(1, 3))
    assert set(answers) == {200}


def test_status_tells_the_bounds_and_what_was_decided_last(autoscaled: Autoscaled) -> None:
    scaling = autoscaled.fleet().scaling
    assert scaling is not None
    assert scaling.bounds == BOUNDS
    assert scaling.last is not None
    assert scaling.last.decision.replicas.keys() == {"demo-gguf"}
    assert time.time() - scaling.last.at_s < 10
    metrics = httpx.get(f"{autoscaled.fleet().endpoint.removesuffix('/v1')}/metrics").text
    assert 'qorch_scaling_desired_replicas{variant="demo-gguf"}' in metrics


def test_what_changed_the_number_of_replicas_is_remembered(autoscaled: Autoscaled) -> None:
    counts = [each.decision.replicas["demo-gguf"] for each in ScalingHistory(autoscaled.files.history_path).decisions()]
    assert {1, 3} <= set(counts)
    assert all(one != other for one, other in pairwise(counts))


def test_a_killed_controller_takes_nothing_away_and_remembers(autoscaled: Autoscaled) -> None:
    endpoint = autoscaled.settled().endpoint
    with steady_load(endpoint, CLIENTS, TOKENS) as answers:
        autoscaled.until(lambda fleet: fleet.ready_replicas >= 2, "more than one replica")
        time.sleep(6)  # what was learned is written every five seconds
        before, watched_before_s = autoscaled.fleet().target_num_replicas, watched_s(autoscaled.files)
        (killed,) = controllers(autoscaled.files)
        killed.kill()
        autoscaled.until(lambda _: new_controller(autoscaled.files, killed.pid), "there is another controller")
        autoscaled.until(lambda fleet: fleet.controlled and fleet.ready_replicas >= before, "it has the fleet")
        assert watched_before_s
        autoscaled.until(lambda _: watched_s(autoscaled.files) > watched_before_s, "it goes on where it was")
        assert autoscaled.fleet().target_num_replicas >= before
    assert set(answers) == {200}
    history = ScalingHistory(autoscaled.files.history_path)
    assert all(each.before != each.decision.replicas for each in history.decisions())
    *_, found = verified(history.segments())
    assert found.looks > 20
    assert found.difference is None


def test_one_that_stands_aside_is_made_up_for_and_newer_ones_go_before_it(autoscaled: Autoscaled) -> None:
    with steady_load(autoscaled.settled().endpoint, CLIENTS, TOKENS) as answers:
        grown = autoscaled.until(lambda fleet: fleet.ready_replicas >= 2, "more than one replica")
        aside = min(grown.engines, key=_started_s).replica_id
        drain(autoscaled.host, aside, Patience(30, 60), Recording())
        autoscaled.until(lambda fleet: working(fleet) == 2 and len(fleet.engines) == 3, "another takes its place")
    autoscaled.until(lambda fleet: working(fleet) == len(fleet.engines) - 1 == 1, "one works beside it")
    restart(autoscaled.host, [aside], lambda: 2**40, Patience(30, 60), Recording())
    assert set(answers) == {200}


def test_the_newest_goes_though_it_stands_aside_and_one_that_answers_stays(autoscaled: Autoscaled) -> None:
    """Ray Serve does not know which is which."""
    endpoint = autoscaled.settled().endpoint
    autoscaled.bound(Asked(2, 3))
    autoscaled.until(lambda fleet: fleet.ready_replicas == 2, "two, before the newest is asked for")
    with steady_load(endpoint, CLIENTS, TOKENS) as answers:
        grown = autoscaled.until(lambda fleet: fleet.ready_replicas == 3, "as many as there may be")
        drain(autoscaled.host, max(grown.engines, key=_started_s).replica_id, Patience(30, 60), Recording())
        assert working(autoscaled.fleet()) == autoscaled.fleet().target_num_replicas - 1 == 2
    autoscaled.bound(Asked(1, 3))
    assert working(autoscaled.settled()) == 1
    assert set(answers) == {200}


def _started_s(replica: Replica) -> float:
    assert replica.started_at_s is not None
    return replica.started_at_s


def working(fleet: Fleet) -> int:
    """Replicas that are there and do not stand aside."""
    return sum(replica.ready and not replica.drained for replica in fleet.engines)


def controllers(files: FleetFiles) -> list[psutil.Process]:
    processes = Owner(files.fleet_id, ray_folder(files.fleet_id)).processes()
    return [process for process in processes if "ServeController" in title(process)]


def title(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""


def new_controller(files: FleetFiles, old_pid: int) -> bool:
    return any(process.pid != old_pid for process in controllers(files))


def watched_s(files: FleetFiles) -> float:
    state = read_state(files.scaling_path)
    return state.memory.watched_s if state else 0.0


def test_a_goal_is_changed_while_it_runs_and_restarts_nothing(autoscaled: Autoscaled) -> None:
    before = {replica.replica_id for replica in autoscaled.settled().replicas}
    autoscaled.bound(Asked(goal={"tok_s": 2.5 * replica_tok_s(autoscaled.files)}))
    autoscaled.until(lambda fleet: fleet.ready_replicas == 3, "three replicas for the target")
    autoscaled.bound(Asked(goal={"tok_s": None}))
    autoscaled.settled()
    assert {replica.replica_id for replica in autoscaled.fleet().replicas} <= before


def replica_tok_s(files: FleetFiles) -> float:
    """As the policy has learned it."""
    state = read_state(files.scaling_path)
    assert state is not None
    return state.memory.capacities["demo-gguf"].rate / state.memory.request.work_of_token


def test_bounds_are_changed_while_it_runs(autoscaled: Autoscaled) -> None:
    autoscaled.settled()
    before = {replica.replica_id for replica in autoscaled.fleet().engines}
    for asked, count in ((Asked(2, 3), 2), (Asked(1, 3), 1)):
        autoscaled.bound(asked)
        autoscaled.until(lambda fleet, count=count: len(fleet.engines) == count, f"{count} replicas")
    assert {replica.replica_id for replica in autoscaled.fleet().engines} & before
    record = json.loads(autoscaled.files.record_path.read_text())
    assert record["deployed"]["variants"][0]["bounds"] == {"min_replicas": 1, "max_replicas": 3}
