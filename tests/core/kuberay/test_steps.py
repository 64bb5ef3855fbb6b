"""How far a start has come."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.core.fleet import EngineView, FleetPhase
from orchestrator.core.kuberay.pod import PodSeen, Trouble
from orchestrator.core.kuberay.ray_service import ServiceSeen, read_service
from orchestrator.core.kuberay.seen import ClusterSeen, GatewayTold, cluster_fleet
from orchestrator.core.kuberay.steps import failure, steps
from orchestrator.core.pod_deployment import pod_deployment
from orchestrator.core.replica_bounds import ReplicaBounds
from orchestrator.core.scaling.goal import ScalingGoal
from orchestrator.core.wish import Wish
from tests.manifests.rendered import plan

FIXED = pod_deployment("chat", plan(wish=Wish(model="qwen3.5-9b", num_replicas=2)), ScalingGoal())
TO_NONE = Wish(model="qwen3.5-9b", num_replicas=2, bounds=ReplicaBounds(0, 2))
IDLE = pod_deployment("chat", plan(wish=TO_NONE), ScalingGoal())
NEW = ServiceSeen("", "", False, "", "", settled=False)
RUNS = ServiceSeen("RUNNING", "", True, "NonZeroServeEndpoints", "", settled=True)
VARIANT = "qwen3-5-9b-bf16"
VIEW = EngineView(1, 8001, True, "answers completions", 1.0, 4, 0, 0, 0, 0, 0)


def pod(name: str, role: str, ready: bool = True, initialized: bool = True, trouble: Trouble | None = None) -> PodSeen:
    variant = VARIANT if role == "engine" else ""
    return PodSeen(name, role, variant, name, 0.0, False, ready, initialized, trouble, 0)


def seen(service: ServiceSeen, *pods: PodSeen, ready: bool | None = None, **engines: EngineView) -> ClusterSeen:
    return ClusterSeen(FIXED, "llm", service, pods, GatewayTold(ready, engines))


HEAD, GATE, LOADING = pod("h", "head"), pod("g", "gateway"), pod("a", "engine", ready=False)


@pytest.mark.parametrize(
    ("state", "done"),
    [
        (seen(NEW), 0),
        (seen(NEW, pod("h", "head", ready=False)), 0),
        (seen(NEW, HEAD, pod("a", "engine", False, False), pod("b", "engine", False, False)), 1),
        (seen(NEW, HEAD, LOADING, pod("b", "engine", ready=False)), 2),
        (seen(NEW, HEAD, GATE, pod("a", "engine"), LOADING), 2),
        (seen(RUNS, HEAD, GATE, pod("a", "engine"), pod("b", "engine"), ready=False, a=VIEW), 3),
        (seen(RUNS, HEAD, GATE, pod("a", "engine"), pod("b", "engine"), ready=True, a=VIEW), 3),
        (seen(RUNS, HEAD, GATE, pod("a", "engine"), pod("b", "engine"), ready=True, a=VIEW, b=VIEW), 4),
    ],
)
def test_steps_are_done_one_after_the_other(state: ClusterSeen, done: int) -> None:
    assert [each.done for each in steps(state)] == [True] * done + [False] * (4 - done)


def test_an_old_cluster_that_answers_is_not_what_was_applied_last() -> None:
    whole = seen(RUNS, HEAD, GATE, pod("a", "engine"), pod("b", "engine"), ready=True, a=VIEW, b=VIEW)
    unsettled = replace(whole, service=replace(RUNS, settled=False))
    assert cluster_fleet(unsettled).phase is FleetPhase.READY
    assert not steps(unsettled)[-1].done
    assert steps(unsettled)[-1].detail == "KubeRay follows what was applied"


def test_a_fleet_that_needs_no_replica_is_up_without_one() -> None:
    idle = replace(seen(RUNS, HEAD, GATE, ready=False), spec=IDLE)
    assert cluster_fleet(idle).phase is FleetPhase.IDLE
    assert all(each.done for each in steps(idle))


def test_what_keeps_pods_from_a_step_is_in_its_detail() -> None:
    stuck = pod("a", "engine", False, False, Trouble("Unschedulable", "0/3 nodes"))
    assert steps(seen(NEW, HEAD, stuck))[1].detail == "0 of 2 pods have theirs; Unschedulable: 0/3 nodes"
    assert failure(seen(NEW, HEAD, stuck)) is None


def test_a_pod_that_goes_anyway_is_no_failure() -> None:
    bad = replace(pod("a", "engine", False, trouble=Trouble("CrashLoopBackOff", "", "engine", True)), ends=True)
    assert failure(seen(RUNS, bad)) is None
    assert failure(seen(RUNS, replace(bad, ends=False))) is not None


def test_a_spec_that_kuberay_refuses_fails_for_certain() -> None:
    service = replace(NEW, reason="ValidationFailed", message="The RayService spec is invalid: no")
    found = failure(seen(service))
    assert found is not None
    assert found.message == "KubeRay refuses the RayService: The RayService spec is invalid: no"


def test_a_replica_is_a_pod_with_its_variants_name_and_its_engines_figures() -> None:
    fleet = cluster_fleet(
        seen(RUNS, HEAD, GATE, pod("a", "engine"), pod("b", "engine", ready=False), ready=True, a=VIEW)
    )
    assert [(each.replica_id, each.deployment, each.state, each.engine) for each in fleet.replicas] == [
        ("g", "gateway", "RUNNING", None),
        ("a", "qwen3.5-9b-bf16", "RUNNING", VIEW),
        ("b", "qwen3.5-9b-bf16", "STARTING", None),
    ]
    assert (fleet.phase, fleet.ready_replicas, fleet.target_num_replicas) == (FleetPhase.DEGRADED, 1, 2)


def test_a_status_is_of_the_cluster_that_serves_or_of_that_which_will() -> None:
    def item(**status: object) -> dict[str, object]:
        return {"metadata": {"generation": 2}, "status": {"observedGeneration": 2, **status}}

    def of_cluster(status: str) -> dict[str, object]:
        return {"applicationStatuses": {"qorch": {"status": status, "message": "so"}}}

    both = {"activeServiceStatus": of_cluster("RUNNING"), "pendingServiceStatus": of_cluster("DEPLOYING")}
    assert read_service(item(**both)).application == "RUNNING"
    assert read_service(item(pendingServiceStatus=of_cluster("DEPLOYING"))).application == "DEPLOYING"
    upgrading = [{"type": "UpgradeInProgress", "status": "True"}]
    assert not read_service(item(conditions=upgrading)).settled
    assert not read_service({"metadata": {"generation": 3}, "status": {"observedGeneration": 2}}).settled
    assert read_service({"metadata": {"generation": 1}}).reason == ""
