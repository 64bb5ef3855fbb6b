"""Many fleets on one cluster: each GPU is planned once, and the API server is not asked more than it must be."""

from __future__ import annotations

import pytest

from tests.fleet_operator.conftest import ACCOUNT, Lab

NAMES = [f"f{number:02}" for number in range(20)]


def test_twenty_fleets_share_one_watch_a_kind_and_write_nothing_once_they_are_right(lab: Lab):
    lab.nodes(*(f"n{number}" for number in range(5)), gpus=8)
    for name in NAMES:
        lab.secret(name)
        lab.ask(name, model="qwen3.5-9b", replicas=1, tensorParallelSize=1)
    with lab.operator(), lab.kuberay.running():
        for name in NAMES:
            lab.until_holds("Ready", name=name)
        lab.until_quiet(2)
        start = len(lab.server.requests)
        lab.nodes("new", gpus=8)
        lab.until_quiet(2)
        after = [seen for seen in lab.server.requests[start:] if seen.user == ACCOUNT and seen.verb != "watch"]
    counts = lab.server.counts()
    ours = ("pods", "nodes", "qwenfleets", "configmaps", "networkpolicies", "poddisruptionbudgets", "jobs")
    assert {resource: counts["watch", resource] for resource in ours} == dict.fromkeys(ours, 1)
    assert after == []


def test_no_gpu_is_planned_twice_though_no_pod_has_started(lab: Lab, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("orchestrator.app.fleet_planning.RETRY_S", 0.5)
    lab.nodes("a", gpus=2)
    for name in ("a", "b", "c"):
        lab.ask(name, model="qwen3.5-9b", profile="bf16", replicas=1, tensorParallelSize=1)
    with lab.operator():
        lab.until_holds("Applied", name="a")
        lab.until_holds("Applied", name="b")
        told = lab.until_holds("Planned", "False", name="c")
        lab.cluster.ok("DELETE", lab.fleets("a"))
        lab.cluster.until(lambda: lab.has_service("c"), 60)
    assert told["reason"] == "DoesNotFit"
