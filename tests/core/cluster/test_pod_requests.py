"""What pods ask for, as the scheduler adds it up."""

from __future__ import annotations

from typing import Any

from orchestrator.core.cluster.pod_requests import pod_requests


def container(cpu: int, **more: Any) -> dict[str, Any]:
    return {"resources": {"requests": {"cpu": str(cpu)}}, **more}


def sidecar(cpu: int) -> dict[str, Any]:
    return container(cpu, restartPolicy="Always")


def test_containers_add_up():
    assert pod_requests({"containers": [container(2), container(3)]}) == {"cpu": 5}


def test_a_limit_alone_is_a_request():
    limited = {"resources": {"limits": {"nvidia.com/gpu": 2}}}
    assert pod_requests({"containers": [limited]}) == {"nvidia.com/gpu": 2}


def test_an_init_container_counts_where_it_needs_more_than_what_runs_later():
    assert pod_requests({"initContainers": [container(9)], "containers": [container(2)]}) == {"cpu": 9}
    assert pod_requests({"initContainers": [container(1)], "containers": [container(2)]}) == {"cpu": 2}


def test_sidecars_run_beside_what_starts_after_them():
    assert pod_requests({"initContainers": [sidecar(1)], "containers": [container(2)]}) == {"cpu": 3}
    assert pod_requests({"initContainers": [sidecar(1), container(9)], "containers": [container(2)]}) == {"cpu": 10}
    assert pod_requests({"initContainers": [container(9), sidecar(1)], "containers": [container(2)]}) == {"cpu": 9}


def test_what_is_asked_for_the_whole_pod_takes_the_place_of_its_containers_sum_and_overhead_is_added():
    spec = {"resources": {"requests": {"cpu": "4"}}, "containers": [container(2)], "overhead": {"cpu": "250m"}}
    assert float(pod_requests(spec)["cpu"]) == 4.25
