"""A lease has one holder; when it has run out is told by one's own clock."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from orchestrator.adapters.kubernetes_api import KubernetesApi, connect
from orchestrator.adapters.lease import LEASES, Lease, Times
from tests.kube.faults import Fault
from tests.kube.fixtures import api_server, kubeconfig
from tests.kube.server import ApiServer

__all__ = ["api_server", "kubeconfig"]
TIMES = Times(lease_s=15, deadline_s=10, retry_s=0.05)


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def api(kubeconfig: Path) -> KubernetesApi:
    return connect(kubeconfig, None)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def lease(api: KubernetesApi, clock: Clock, identity: str) -> Lease:
    return Lease(api, "default", "operator", identity, clock, TIMES)


def test_the_first_has_it_until_it_no_longer_renews_and_then_the_second(api: KubernetesApi, clock: Clock):
    first, second = lease(api, clock, "first"), lease(api, clock, "second")
    assert first.try_once()
    assert not second.try_once()
    clock.now_s += 9
    assert first.try_once()
    clock.now_s += 9
    assert first.held
    assert not second.try_once()
    clock.now_s += 9
    assert not first.held
    assert not second.try_once()
    clock.now_s += 9
    assert second.try_once()
    assert not first.try_once()
    found = api.get(LEASES, "default", "operator")
    assert found is not None
    assert (found["spec"]["holderIdentity"], found["spec"]["leaseTransitions"]) == ("second", 1)


def test_clocks_of_two_machines_are_never_compared(api: KubernetesApi, clock: Clock):
    assert lease(api, clock, "first").try_once()
    far = Clock()
    far.now_s = 1e9
    other = lease(api, far, "second")
    assert not other.try_once()
    far.now_s += 14
    assert not other.try_once()
    far.now_s += 1
    assert other.try_once()


def test_one_that_is_given_back_is_free_at_once(api: KubernetesApi, clock: Clock):
    first, second = lease(api, clock, "first"), lease(api, clock, "second")
    assert first.try_once()
    first.release()
    assert not first.held
    assert second.try_once()
    first.release()
    assert second.try_once()


def test_of_two_that_take_it_at_once_one_has_it(api_server: ApiServer, api: KubernetesApi, clock: Clock):
    first = lease(api, clock, "first")
    assert first.try_once()
    first.release()
    api_server.faults.order(Fault("update", "leases", 409))
    assert not lease(api, clock, "second").try_once()
    assert lease(api, clock, "third").try_once()


def test_a_server_that_refuses_is_said_once_and_asked_again(api_server: ApiServer, api: KubernetesApi, clock: Clock):
    api_server.faults.order(Fault("get", "leases", 403, "no", times=3))
    said: list[str] = []
    assert lease(api, clock, "first").acquire(threading.Event(), said.append)
    assert [line.startswith("permission to get leases") for line in said] == [True]


def test_whoever_is_stopped_waits_no_longer(api: KubernetesApi, clock: Clock):
    assert lease(api, clock, "first").try_once()
    stopped = threading.Event()
    stopped.set()
    assert not lease(api, clock, "second").acquire(stopped, print)
