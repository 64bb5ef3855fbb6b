"""The application that is rendered for pods, on real Ray nodes in their place."""

from __future__ import annotations

import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from orchestrator.adapters.gateway_api import GatewayApi
from orchestrator.adapters.gateway_history import GatewayHistory
from orchestrator.core.manifests.ray_pod import STOP_S
from orchestrator.core.scaling.goal import ScalingGoal
from orchestrator.core.scaling.verify import verified
from tests.e2e.pod_cluster import DEMO, ENGINE, GATEWAY, PodCluster, pod_cluster

pytestmark = pytest.mark.e2e

QUESTION = {"model": "demo", "messages": [{"role": "user", "content": "Hello"}]}


@pytest.fixture(scope="module")
def cluster() -> Iterator[PodCluster]:
    with tempfile.TemporaryDirectory(prefix="q", ignore_cleanup_errors=True) as home, pod_cluster(Path(home)) as found:
        yield found


def listens(address: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((address, port)) == 0


def test_each_replica_is_in_the_pod_that_is_for_it(cluster: PodCluster) -> None:
    assert cluster.places() == {"gateway": [GATEWAY], DEMO: [ENGINE]}
    assert listens(ENGINE, cluster.engine_port)
    assert not listens("127.0.0.1", cluster.engine_port)


def test_a_gateway_asks_an_engine_of_another_pod_for_whoever_has_a_key(cluster: PodCluster) -> None:
    url, body = f"{cluster.gateway}/v1/chat/completions", {**QUESTION, "max_tokens": 8}
    assert httpx.post(url, json=body, timeout=60).status_code == 401
    answer = httpx.post(url, json=body, timeout=60, headers={"Authorization": f"Bearer {cluster.key}"})
    assert answer.json()["usage"]["completion_tokens"] > 0


def metrics(cluster: PodCluster) -> dict[str, float]:
    """Of scaling, as a gateway tells them."""
    lines = httpx.get(f"{cluster.gateway}/metrics", timeout=10).text.splitlines()
    samples = (line.rsplit(" ", 1) for line in lines if line.startswith("qorch_scaling"))
    return {name.removeprefix("qorch_scaling_"): float(value) for name, value in samples}


def until(so: Callable[[], bool], what: str) -> None:
    deadline_s = time.monotonic() + 60
    while not so():
        assert time.monotonic() < deadline_s, what
        time.sleep(0.2)


def changes(cluster: PodCluster) -> list[tuple[int, int]]:
    """From how many replicas to how many, by the decisions that the gateway tells of."""
    told = GatewayApi(cluster.gateway, "look").decisions()
    assert told is not None
    return [(each.before[DEMO], each.decision.replicas[DEMO]) for each in told]


def test_a_gateway_tells_what_the_policy_decides_in_the_heads_pod(cluster: PodCluster) -> None:
    until(lambda: metrics(cluster).get(f'desired_replicas{{variant="{DEMO}"}}') == 1, "a first decision")
    cluster.aim(ScalingGoal(tok_s=1e6))
    until(lambda: changes(cluster) == [(1, 2)], "a goal for two replicas")
    assert metrics(cluster)[f'changes_total{{direction="up",variant="{DEMO}"}}'] == 1
    assert metrics(cluster)['goal{goal="tok_s"}'] == 1e6


def history(cluster: PodCluster) -> GatewayHistory:
    return GatewayHistory(GatewayApi(cluster.gateway, "look"))


def test_a_gateway_tells_the_history_of_the_heads_pod(cluster: PodCluster) -> None:
    until(lambda: history(cluster).minutes() != (), "a first minute")
    *_, found = verified(history(cluster).segments())
    assert found.looks > 0
    assert found.difference is None


def test_a_controller_on_an_empty_disk_goes_on_where_the_one_before_it_was(cluster: PodCluster) -> None:
    """As one in another pod, whose GCS has its store in Redis; it leaves the fleet with one engine asked for."""
    killed, minutes = cluster.controller(), history(cluster).minutes()
    looks = sum(len(each.looks) for each in history(cluster).segments())
    killed.suspend()
    for each in (cluster.home / "lib").iterdir():
        each.unlink()
    cluster.aim(ScalingGoal())
    killed.kill()
    until(lambda: changes(cluster) == [(1, 2), (2, 1)], "another controller decides")
    assert cluster.controller().pid != killed.pid
    told = metrics(cluster)
    assert [told[f'changes_total{{direction="{way}",variant="{DEMO}"}}'] for way in ("up", "down")] == [1, 1]
    until(lambda: sum(len(each.looks) for each in history(cluster).segments()) > looks, "its history is told")
    assert history(cluster).minutes()[0].begin_s == minutes[0].begin_s
    *_, found = verified(history(cluster).segments())
    assert found.difference is None


def ends(cluster: PodCluster) -> Iterator[str]:
    """How each stream ends, one after the other, as long as the gateway has an engine."""
    admin, headers = {"Authorization": "Bearer admin"}, {"Authorization": f"Bearer {cluster.key}"}
    body = {**QUESTION, "max_tokens": 3000, "stream": True}
    with httpx.Client(base_url=cluster.gateway, timeout=60) as client:
        while client.get("/qorch/v1/look", headers=admin).json()["replicas"]:
            with client.stream("POST", "/v1/chat/completions", json=body, headers=headers) as answer:
                yield [line for line in answer.iter_lines() if line][-1]


def test_a_pod_that_drains_finishes_its_answers_and_then_its_engine_ends(cluster: PodCluster) -> None:
    """As `preStop` has it; it leaves the fleet without an engine."""
    reason = ("--reason", "DRAIN_NODE_REASON_PREEMPTION", "--reason-message", "its pod ends")
    deadline = ("--deadline-remaining-seconds", str(STOP_S))
    node = cluster.nodes()[ENGINE]
    cluster.ray("drain-node", "--address", cluster.gcs, "--node-id", node, *reason, *deadline)
    deadline_s = time.monotonic() + 2 * STOP_S
    ended = list(ends(cluster))
    assert set(ended) == {"data: [DONE]"}
    while listens(ENGINE, cluster.engine_port):
        assert time.monotonic() < deadline_s
        time.sleep(0.2)
