"""`up`, `status` and `down` over a cluster, as a person meets them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.cluster_lab import Lab, lab, living
from tests.cli.conftest import Done, Qorch
from tests.kube.fixtures import api_server
from tests.kube.server import ApiServer

__all__ = ["api_server"]
ENDPOINT = "http://qorch-default-serve-svc.llm:8000/v1"
UP = ("--model", "qwen3.5-9b", "--replicas", "2", "--image", "qorch:1")


@pytest.fixture
def bare(api_server: ApiServer, tmp_path: Path) -> Iterator[Lab]:
    with lab(api_server, tmp_path) as made:
        yield made


@pytest.fixture
def cluster(bare: Lab) -> Iterator[Lab]:
    with living(bare):
        yield bare


@pytest.fixture
def there(qorch: Qorch, bare: Lab) -> Qorch:
    """A verb over the cluster."""

    def there(verb: str, *arguments: str) -> Done:
        return qorch(verb, *arguments, "--kubeconfig", bare.kubeconfig)

    return there


def test_a_fleet_comes_up_is_seen_and_goes_without_a_trace(there: Qorch, cluster: Lab) -> None:
    before = cluster.rendered()
    done = there("up", *UP, "--timeout", "20")
    assert (done.code, done.out) == (0, f"{ENDPOINT}\n"), done.err
    marks = ["  ok apply", "  ok head", "  ok weights", "  ok engines", "  ok ready", "here:  kubectl", "next:  qorch"]
    places = [done.err.index(each) for each in marks]
    assert places == sorted(places)
    assert ("rayservices", "qorch-default") in cluster.rendered()

    fleet = json.loads(there("status", "-o", "json").out)
    assert (fleet["phase"], fleet["ready_replicas"], fleet["endpoint"]) == ("Ready", 2, ENDPOINT)
    assert {each["deployment"] for each in fleet["replicas"]} == {"qwen3.5-9b-bf16", "gateway"}

    done = there("down")
    assert done.code == 0
    assert "rayservice.ray.io/qorch-default" in done.err
    assert cluster.rendered() == before
    assert ("secrets", "qorch-default") in cluster.objects()
    assert "there is no fleet 'default' in llm of lab: nothing to do" in there("down").err
