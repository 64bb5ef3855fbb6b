"""A fleet in a cluster as it is watched: over an API server, KubeRay's stand-in and real gateways behind the proxy."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestrator.adapters.kuberay.watch import CLUSTER, ClusterWatch
from orchestrator.adapters.kubernetes_api import connect
from orchestrator.cli.root import root
from orchestrator.core.fleet import FleetPhase
from orchestrator.core.live.carried import GATEWAY
from orchestrator.core.live.reading import Reading
from tests.cli.cluster_lab import NAMESPACE, UP, Lab, lab, living, running_gateway, secret
from tests.core.scaling.seen_pools import PoolRun, told_of
from tests.kube.faults import Fault
from tests.kube.fixtures import api_server, kubeconfig
from tests.kube.server import ApiServer

__all__ = ["api_server", "kubeconfig"]


@pytest.fixture
def cluster(api_server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    monkeypatch.setenv("QORCH_HOME", str(tmp_path / "home"))
    with lab(api_server, tmp_path) as made, living(made):
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
    assert errors(reading) == {CLUSTER: None, GATEWAY: None}


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
    watch.read()
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
    assert "permission to list pods is needed" in str(errors(reading)[CLUSTER])


def test_while_the_server_is_away_what_was_seen_stands_and_is_said_to_be_old(cluster: Lab, watch: ClusterWatch) -> None:
    watch.read()
    cluster.server.faults.order(Fault("watch", "pods", code=500, times=50))
    cluster.server.faults.order(Fault("list", "pods", code=500, times=50))
    cluster.server.store.close()  # ends the watches that there are
    reading = until(watch, lambda reading: errors(reading)[CLUSTER] is not None)
    assert reading.fleet is not None
    assert reading.fleet.replicas


def test_a_secret_that_comes_later_is_found(cluster: Lab, watch: ClusterWatch) -> None:
    cluster.server.put(secret(**{"keys.json": "{}"}))
    assert "has no admin-token" in str(errors(watch.read())[GATEWAY])
    cluster.server.put(secret())
    assert "no admin-token" not in str(errors(watch.read())[GATEWAY])
