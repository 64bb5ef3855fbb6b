"""What a pod tells, and what keeps it from running."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.core.kuberay.pod import PodSeen, Trouble, read_pod

Object = dict[str, Any]
READY = [{"type": each, "status": "True"} for each in ("PodScheduled", "Initialized", "Ready")]


def pod(status: Object, **metadata: Any) -> PodSeen:
    labels = {"qorch.dev/role": "engine", "qorch.dev/variant": "qwen"}
    named = {"name": "a", "labels": labels, "creationTimestamp": "2026-01-01T00:00:00Z", **metadata}
    return read_pod({"metadata": named, "status": status})


def waiting(reason: str, message: str = "", **more: Any) -> Object:
    return {"name": "engine", "state": {"waiting": {"reason": reason, "message": message}}, **more}


def trouble(status: Object) -> Trouble | None:
    return pod(status).trouble


def test_one_that_runs_has_no_trouble() -> None:
    containers = [{"name": "engine", "state": {"running": {}}, "restartCount": 2}]
    seen = pod({"phase": "Running", "conditions": READY, "podIP": "10.0.0.7", "containerStatuses": containers})
    assert (seen.state, seen.ip, seen.restarts, seen.trouble) == ("RUNNING", "10.0.0.7", 2, None)
    assert (seen.role, seen.variant, seen.started_at_s) == ("engine", "qwen", 1767225600.0)


def test_one_that_was_told_to_end_stops_whatever_it_says() -> None:
    assert pod({"conditions": READY}, deletionTimestamp="2026-01-01T00:00:00Z").state == "STOPPING"


@pytest.mark.parametrize("reason", ["ContainerCreating", "PodInitializing"])
def test_what_every_pod_waits_for_is_no_trouble(reason: str) -> None:
    assert trouble({"containerStatuses": [waiting(reason)]}) is None


def test_nothing_known_yet_is_a_start() -> None:
    seen = read_pod({"metadata": {"name": "a"}})
    assert (seen.state, seen.trouble, seen.started_at_s) == ("STARTING", None, None)


@pytest.mark.parametrize(
    ("reason", "certain"),
    [
        ("ErrImagePull", False),
        ("ImagePullBackOff", True),
        ("InvalidImageName", True),
        ("CreateContainerConfigError", True),
        ("CrashLoopBackOff", True),
    ],
)
def test_a_container_that_cannot_start_has_kubernetes_words(reason: str, certain: bool) -> None:
    found = trouble({"containerStatuses": [waiting(reason, "why")]})
    assert found == Trouble(reason, "why", "engine", certain)


def test_one_that_crashes_says_how_it_ended_last() -> None:
    last = {"terminated": {"reason": "Error", "exitCode": 1}}
    found = trouble({"initContainerStatuses": [waiting("CrashLoopBackOff", lastState=last, restartCount=3)]})
    assert found == Trouble("Error", "ended 3 times, last with exit code 1", "engine", True)


def test_one_that_no_node_takes_may_yet_be_taken() -> None:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}
    assert trouble({"conditions": [condition]}) == Trouble("Unschedulable", "0/3 nodes")


def test_one_that_was_evicted_says_so() -> None:
    assert trouble({"phase": "Failed", "reason": "Evicted", "message": "low on disk"}) == Trouble(
        "Evicted", "low on disk"
    )
