"""A fleet in a cluster as it is watched: over an API server, KubeRay's stand-in and real gateways behind the proxy."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestrator.adapters.kuberay.watch import CLUSTER, NODES, ClusterWatch
from orchestrator.adapters.kubernetes_api import connect
from orchestrator.cli.root import root
from orchestrator.core.fleet import FleetPhase
from orchestrator.core.live.carried import GATEWAY, GPUS
from orchestrator.core.live.reading import GpuCount, Reading
from orchestrator.core.live.watch import WatchMemory, watched
from orchestrator.serving.replica_status import ReplicaStatus
from tests.cli.cluster_lab import NAMESPACE, UP, Lab, lab, living, look_secret, on_gpus, running_gateway, secret
from tests.core.cluster.objects import A100_LABELS, node_object
from tests.core.scaling.seen_pools import PoolRun, told_of
from tests.kube.faults import Fault
from tests.kube.fixtures import api_server, kubeconfig
from tests.kube.rights import allow
from tests.kube.server import ApiServer
from tests.serving.conftest import Gateway, replica

__all__ = ["api_server", "kubeconfig"]
R0 = replica("r0", 40000)


@pytest.fixture
def cluster(api_server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    monkeypatch.setenv("QORCH_HOME", str(tmp_path / "home"))
    with lab(api_server, tmp_path) as made, living(made):
        made.pods.node = "a"
        done = CliRunner().invoke(root, ["up", *UP, "--kubeconfig", made.kubeconfig, "-n", NAMESPACE, "--yes"])
        assert done.exit_code == 0, done.output
        yield made


@pytest.fixture
def watch(cluster: Lab) -> Iterator[ClusterWatch]:
    made = ClusterWatch(connect(Path(cluster.kubeconfig), None), NAMESPACE, "default")
    yield made
    made.close()


def gateways(cluster: Lab) -> list[str]:
    return [name for (plural, name), item in cluster.objects().items() if plural == "pods" and "-gateway-" in name]


def reached(cluster: Lab) -> None:
    """The API server's proxy reaches the fleet's gateway by its pods."""
    assert cluster.gateway is not None
    for name in gateways(cluster):
        cluster.server.behind.services[NAMESPACE, f"{name}:8000"] = cluster.gateway.url


def errors(reading: Reading) -> dict[str, str | None]:
    return {source.name: source.error for source in reading.sources}


def until(watch: ClusterWatch, met: Callable[[Reading], bool]) -> Reading:
    """Watches follow in their own time."""
    ends_s = time.monotonic() + 30
    while not met(reading := watch.read()):
        assert time.monotonic() < ends_s, reading
        time.sleep(0.05)
    return reading


def test_pods_are_replicas_and_gateways_together_tell_of_them(cluster: Lab, watch: ClusterWatch) -> None:
    names = gateways(cluster)
    assert len(names) == 2
    with running_gateway() as one, running_gateway() as other:
        for name, gateway in zip(names, (one, other), strict=True):
            cluster.server.behind.services[NAMESPACE, f"{name}:8000"] = gateway.url
        reading = watch.read()
    assert reading.fleet is not None
    assert reading.fleet.phase in (FleetPhase.READY, FleetPhase.DEGRADED)
    assert {each.replica_id for each in reading.fleet.replicas} >= set(names)
    assert reading.traffic is not None
    assert {CLUSTER: None, GATEWAY: None}.items() <= errors(reading).items()


@contextmanager
def told(cluster: Lab, *statuses: ReplicaStatus) -> Iterator[Gateway]:
    """By all gateways, of these engines."""
    with running_gateway() as gateway:
        gateway.table.update(statuses)
        for name in gateways(cluster):
            cluster.server.behind.services[NAMESPACE, f"{name}:8000"] = gateway.url
        yield gateway


def test_what_a_replica_reads_of_its_gpus_is_shown_on_the_node_of_its_pod(cluster: Lab, watch: ClusterWatch) -> None:
    with told(cluster, on_gpus(R0)):
        reading = watch.read()
    assert [(each.host, gpu.index, gpu.utilization_percent) for each in reading.hosts for gpu in each.gpus] == [
        ("a", 5, 93)
    ]
    assert errors(reading) == {CLUSTER: None, GATEWAY: None, GPUS: None, NODES: None}
    snapshot, _ = watched("default", reading, WatchMemory())
    row = next(each for each in snapshot.replicas if each.gpus)
    assert (row.host, row.gpus, row.temperature_c, row.power_w, row.throttled) == ("a", (5,), 61.0, 312.0, "too hot")
    assert (snapshot.summary.gpus_used, snapshot.summary.gpus_total) == (8, 8)


def test_a_driver_that_hangs_in_a_pod_leaves_its_last_word_and_is_named(cluster: Lab, watch: ClusterWatch) -> None:
    with told(cluster, on_gpus(R0, "NVML has not answered for 6 s")):
        reading = watch.read()
    assert [gpu.uuid for each in reading.hosts for gpu in each.gpus] == ["GPU-5"]
    assert str(errors(reading)[GPUS]).endswith("NVML has not answered for 6 s")


def test_without_a_gateway_gpus_are_as_they_were_last(cluster: Lab, watch: ClusterWatch) -> None:
    with told(cluster, on_gpus(R0)):
        _, memory = watched("default", watch.read(), WatchMemory())
    reading = watch.read()
    assert errors(reading)[GPUS] is not None
    snapshot, _ = watched("default", reading, memory)
    assert [gpu.uuid for gpu in snapshot.gpus] == ["GPU-5"]


def test_nodes_that_come_and_are_cordoned_change_how_many_gpus_there_are(cluster: Lab, watch: ClusterWatch) -> None:
    def total(count: int) -> Callable[[Reading], bool]:
        return lambda reading: reading.gpu_count == GpuCount(8, count)

    until(watch, total(8))
    cluster.server.put(node_object("b", A100_LABELS, gpus=4))
    cluster.server.put(node_object("other", {}, gpus=4))
    until(watch, total(12))
    cluster.server.put({**node_object("b", A100_LABELS, gpus=4), "spec": {"unschedulable": True}})
    until(watch, total(8))


def test_who_may_not_list_nodes_sees_the_gpus_that_are_used(cluster: Lab, tmp_path: Path) -> None:
    allow(cluster.server, "eve", NAMESPACE, [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}])
    eve = connect(cluster.server.kubeconfig(tmp_path / "eve", user="eve", namespace=NAMESPACE), None)
    watch = ClusterWatch(eve, None, "default")
    with told(cluster, on_gpus(R0)):
        reading = watch.read()
    watch.close()
    assert reading.gpu_count == GpuCount(8, None)
    assert str(errors(reading)[NODES]).startswith("forbidden: needs list nodes; hint: kubectl ")
    assert reading.hosts
    assert (errors(reading)[CLUSTER], errors(reading)[GPUS]) == (None, None)


def test_a_gateway_that_is_not_reached_is_counted_and_the_rest_is_told(cluster: Lab, watch: ClusterWatch) -> None:
    name, silent = gateways(cluster)
    with running_gateway() as gateway:
        cluster.server.behind.services[NAMESPACE, f"{name}:8000"] = gateway.url
        reading = watch.read()
    assert reading.traffic is not None
    assert str(errors(reading)[GATEWAY]).startswith("1 of 2 answer: ")
    assert silent in {each.replica_id for each in reading.fleet.replicas} if reading.fleet else False


def test_decisions_are_those_of_the_gateway_that_has_heard_last_and_asked_for_once(
    cluster: Lab, watch: ClusterWatch
) -> None:
    run = PoolRun()
    run.run(60, 9.0)
    told = told_of(run)
    older = replace(told, state=replace(told.state, memory=replace(told.state.memory, looked_at_s=1.0)), decisions=())
    with running_gateway() as one, running_gateway() as other:
        for name, gateway in zip(gateways(cluster), (one, other), strict=True):
            cluster.server.behind.services[NAMESPACE, f"{name}:8000"] = gateway.url
        assert watch.read().decisions == ()
        one.scaling, other.scaling = older, told
        assert watch.read().decisions == told.decisions
        before = cluster.server.counts()["get", "pods/proxy"]
        assert watch.read().decisions == told.decisions
        assert cluster.server.counts()["get", "pods/proxy"] - before == 2
        one.scaling = other.scaling = None
        assert watch.read().decisions == told.decisions


def test_looking_again_lists_nothing_again(cluster: Lab, watch: ClusterWatch) -> None:
    until(watch, lambda _: cluster.server.counts()["watch", "nodes"] == 1)
    before = cluster.server.counts()
    for _ in range(5):
        watch.read()
    after = cluster.server.counts()
    assert {key: after[key] - before[key] for key in after if key[0] in ("list", "watch")} == dict.fromkeys(
        (key for key in after if key[0] in ("list", "watch")), 0
    )


def test_a_pod_that_goes_is_gone_at_one_of_the_next_looks(cluster: Lab, watch: ClusterWatch) -> None:
    first = watch.read()
    assert first.fleet is not None
    done = CliRunner().invoke(
        root, ["scale", "1", "--kubeconfig", cluster.kubeconfig, "--namespace", NAMESPACE, "--no-wait"]
    )
    assert done.exit_code == 0, done.output
    count = len(first.fleet.engines)
    until(watch, lambda reading: reading.fleet is not None and len(reading.fleet.engines) < count)


def test_logs_are_those_of_pods_and_of_containers_that_ended_in_them(cluster: Lab, watch: ClusterWatch) -> None:
    watch.read()
    name = next(name for plural, name in cluster.objects() if plural == "pods" and "-qwen" in name)
    printed = {"logs": "now\n", "engine (previous)": "before\n"}
    cluster.server.behind.logs |= {(NAMESPACE, name, container): text for container, text in printed.items()}
    for previous, text in ((False, b"now\n"), (True, b"before\n")):
        log = watch.log(name, previous)
        assert log is not None
        ends_s = time.monotonic() + 20
        while not (data := log.read().data):
            assert time.monotonic() < ends_s
        log.close()
        assert data == text
    assert watch.log("another") is None


def test_no_fleet_is_said(api_server: ApiServer, tmp_path: Path) -> None:
    with lab(api_server, tmp_path) as made:
        watch = ClusterWatch(connect(Path(made.kubeconfig), None), NAMESPACE, "default")
        reading = watch.read()
        watch.close()
    assert reading.fleet is None
    assert errors(reading)[CLUSTER] == "there is no fleet 'default' in llm"


def test_who_may_not_watch_is_told_which_permission_lacks(api_server: ApiServer, tmp_path: Path) -> None:
    with lab(api_server, tmp_path):
        eve = connect(api_server.kubeconfig(tmp_path / "eve", user="eve", namespace=NAMESPACE), None)
        watch = ClusterWatch(eve, None, "default")
        reading = watch.read()
        watch.close()
    assert str(errors(reading)[CLUSTER]).startswith("forbidden: needs list pods; hint: ")


def test_while_the_server_is_away_what_was_seen_stands_and_is_said_to_be_old(cluster: Lab, watch: ClusterWatch) -> None:
    watch.read()
    cluster.server.faults.order(Fault("watch", "pods", code=500, times=50))
    cluster.server.faults.order(Fault("list", "pods", code=500, times=50))
    cluster.server.store.close()  # ends the watches that there are
    reading = until(watch, lambda reading: errors(reading)[CLUSTER] is not None)
    assert reading.fleet is not None
    assert reading.fleet.replicas


def test_a_gateway_is_looked_at_with_the_look_token_where_there_is_one(cluster: Lab, watch: ClusterWatch) -> None:
    reached(cluster)
    cluster.server.put(secret(**{"admin-token": "not this one"}))
    cluster.server.put(look_secret())
    assert errors(watch.read())[GATEWAY] is None


def test_a_look_token_that_is_refused_is_said_and_read_again(cluster: Lab, watch: ClusterWatch) -> None:
    reached(cluster)
    cluster.server.put(look_secret("of before"))
    assert str(errors(watch.read())[GATEWAY]).endswith("the fleet's look token or its admin token is needed")
    cluster.server.put(look_secret())
    assert errors(watch.read())[GATEWAY] is None


def test_a_secret_that_comes_later_is_found(cluster: Lab, watch: ClusterWatch) -> None:
    cluster.server.put(secret(**{"keys.json": "{}"}))
    assert "has no admin-token" in str(errors(watch.read())[GATEWAY])
    cluster.server.put(secret())
    assert "no admin-token" not in str(errors(watch.read())[GATEWAY])
