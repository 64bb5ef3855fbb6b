"""Several operators: one acts; another takes over."""

from __future__ import annotations

import threading

import pytest

from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.qwen_fleet.installation import NAMESPACE
from tests.fleet_operator.conftest import Lab
from tests.kube.faults import Fault


def holder(lab: Lab) -> str:
    path = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/qorch-operator"
    reply = lab.cluster.call("GET", path)
    return str(reply.body["spec"]["holderIdentity"]) if reply.code == 200 else ""


def test_a_second_operator_stands_by_and_takes_over_what_it_finds(lab: Lab):
    lab.nodes("a")
    lab.ask(model="qwen3.5-9b", replicas=1)
    with lab.operator(elected="first"):
        lab.until_holds("Applied")
        before = lab.service()
        with lab.operator(elected="second") as second:
            assert not second.vitals().leads
            assert second.vitals().ready
            assert holder(lab) == "first"
        lab.until_quiet()
    assert holder(lab) == ""
    with lab.operator(elected="third") as third:
        lab.cluster.until(lambda: third.vitals().reconciles.get("well", 0) > 0)
        assert holder(lab) == "third"
        lab.ask(model="qwen3.5-9b", replicas=2)
        lab.cluster.until(lambda: lab.status()["plan"]["replicas"] == 2)
    assert lab.service()["metadata"]["uid"] == before["metadata"]["uid"]


def test_an_operator_whose_lease_cannot_be_renewed_stops_acting(lab: Lab, monkeypatch: pytest.MonkeyPatch):
    lab.nodes("a")
    failed: list[BaseException] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: failed.append(args.exc_value))
    with lab.operator(elected="first") as process:
        lab.cluster.until(lambda: process.vitals().ready and process.vitals().leads)
        lab.server.faults.order(Fault("", "leases", 403, "no", times=1000))
        lab.cluster.until(lambda: bool(failed))
        assert not process.vitals().leads
        lab.ask(model="qwen3.5-9b", replicas=1)
        lab.until_quiet()
        assert lab.status() == {}
    assert isinstance(failed[0], EnvironmentNotReady)
    assert "the lease was lost" in failed[0].message
