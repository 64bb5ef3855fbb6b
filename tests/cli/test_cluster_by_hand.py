"""`restart` and `drain` over a cluster: the replica of a pod is told through the API server's proxy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.core.by_hand import ReplicaOrder, Verb
from orchestrator.serving.replica_status import ReplicaStatus
from tests.cli.cluster_lab import UP, Lab, look_secret
from tests.cli.conftest import Qorch
from tests.cli.viewer import viewers_kubeconfig
from tests.serving.conftest import Gateway


@pytest.fixture
def pods(there: Qorch, cluster: Lab) -> tuple[str, str]:
    """The pods of a fleet of two engines that runs, which the gateway knows as r0 and r1."""
    assert there("up", *UP, "--timeout", "20").code == 0
    table, (one,) = gateway(cluster).table, statuses(cluster)
    cluster.pods.addresses = {f"qwen3-5-9b-bf16-{number}": f"10.9.0.{number}" for number in (0, 1)}
    cluster.pods.step()
    table.update([replace(one, replica_id=f"r{number}", host=f"10.9.0.{number}") for number in (0, 1)])
    first, last = sorted(name for kind, name in cluster.objects() if kind == "pods" and "bf16-" in name)
    return first, last


def gateway(cluster: Lab) -> Gateway:
    assert cluster.gateway is not None
    return cluster.gateway


def statuses(cluster: Lab) -> list[ReplicaStatus]:
    return [engine.status for engine in gateway(cluster).table.engines]


def test_a_pod_gets_a_new_engine_and_the_old_one_goes_first(there: Qorch, cluster: Lab, pods: tuple[str, str]) -> None:
    done = there("restart", pods[1], "--no-wait", "--drain-timeout", "7")
    assert done.code == 0, done.err
    assert gateway(cluster).orders == [ReplicaOrder("r1", Verb.RESTART, new_first=False, drain_s=7.0)]
    assert f"{pods[1]}: the old engine goes first: a pod has room for one" in done.err


def test_it_is_followed_until_the_gateway_tells_that_it_is_through(
    there: Qorch, cluster: Lab, pods: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def obeys(order: ReplicaOrder) -> str:
        drained = [
            replace(each, orders_by_hand=1, task="drained", ready=False)
            if each.replica_id == order.replica_id
            else each
            for each in statuses(cluster)
        ]
        gateway(cluster).table.update(drained)
        return ""

    monkeypatch.setattr(gateway(cluster), "pass_on", obeys)
    done = there("drain", pods[0], "--timeout", "20")
    assert done.code == 0, done.err
    assert f"{pods[0]} has no engine and keeps its place" in done.err


def test_a_replica_that_refuses_is_called_by_its_pod(there: Qorch, cluster: Lab, pods: tuple[str, str]) -> None:
    gateway(cluster).answer = "the replica r0 is draining by hand already"
    done = there("drain", pods[0])
    assert (done.code, done.error) == (4, f"the replica {pods[0]} is draining by hand already")


@pytest.mark.parametrize("verb", ["restart", "drain"])
def test_who_may_only_look_is_told_what_an_order_needs(
    qorch: Qorch, cluster: Lab, pods: tuple[str, str], tmp_path: Path, verb: str
) -> None:
    cluster.server.put(look_secret())
    done = qorch(verb, pods[0], "--kubeconfig", viewers_kubeconfig(cluster.server, tmp_path))
    needed = "a restart or drain needs the fleet's admin token, of the Secret qorch-default"
    assert (done.code, done.error) == (4, f"{needed}, which you may not read")
    assert done.hint == "kubectl --context lab auth can-i get secrets --namespace llm"
    assert gateway(cluster).orders == []


def test_a_pod_that_is_none_is_told_with_the_nearest(there: Qorch, cluster: Lab, pods: tuple[str, str]) -> None:
    done = there("restart", f"{pods[0]}x")
    assert done.code == 2
    assert done.error.endswith(f"did you mean {pods[0]}?")
    assert gateway(cluster).orders == []


def test_a_pod_of_which_the_gateway_knows_nothing_is_told(there: Qorch, cluster: Lab, pods: tuple[str, str]) -> None:
    gateway(cluster).table.update([])
    done = there("restart", pods[0])
    assert done.code == 4
    assert "the gateway tells of no engine of it" in done.error
