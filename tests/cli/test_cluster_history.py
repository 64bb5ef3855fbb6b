"""`qorch history` and `qorch simulate` of a fleet in a cluster, as a person meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.adapters.history_writer import HistoryWriter
from orchestrator.serving.history_telling import HistoryTelling
from tests.adapters.http_stand_in import http_stand_in
from tests.adapters.recorded_pool import Recorded
from tests.cli.cluster_lab import NAMESPACE, SERVICE, UP, Lab, look_secret
from tests.cli.conftest import Qorch
from tests.cli.viewer import viewers_kubeconfig
from tests.core.scaling.seen_pools import told_of
from tests.kube.behind import UNREACHED

SCALED = ("--model", "qwen3.5-9b", "--max-replicas", "2", "--image", "qorch:1", "--timeout", "5")
WITH_CLUSTER = "the Ray cluster, which another --image replaces\n"
CAUTION = f"note: the history goes with the head's pod (there is no --redis) and with {WITH_CLUSTER}"


@pytest.fixture
def fleet(there: Qorch, cluster: Lab) -> Lab:
    """Whose number of replicas follows the load; nothing was recorded yet."""
    assert there("up", *SCALED).code == 0
    return cluster


@pytest.fixture
def recorded(fleet: Lab, tmp_path: Path) -> Path:
    """The file in the head's pod, after twenty minutes that were told to the gateway."""
    path = tmp_path / "pod" / "history.db"
    pool = Recorded(HistoryWriter(path))
    pool.write(1200, 6.0)
    pool.writer.close()
    assert fleet.gateway is not None
    telling = HistoryTelling(path, fleet.gateway.parts)
    telling.begin()
    telling.close()
    fleet.gateway.scaling = told_of(pool.run)
    return path


def test_the_load_is_told_by_the_gateway_as_on_a_host(
    there: Qorch, qorch: Qorch, recorded: Path, tmp_path: Path
) -> None:
    of_host = tmp_path / "home" / "state" / "default"
    of_host.mkdir(parents=True)
    (of_host / "history.db").write_bytes(recorded.read_bytes())
    for options in ((), ("-n", "3"), ("-o", "csv"), ("-o", "json"), ("--since", "1h"), ("--verify",)):
        done = there("history", *options)
        assert (done.code, done.out) == (0, qorch("history", *options).out)
        assert done.err.startswith(CAUTION)
    assert there("history", "-q").err == ""
    assert "every decision comes out again as it was made, bit for bit" in there("history", "--verify").out


def test_a_simulation_is_of_what_the_fleet_was_asked_on_replicas_as_it_has_learned_them(
    there: Qorch, recorded: Path
) -> None:
    done = there("simulate", "--policy", "static", "-o", "json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert found["variants"][0]["capacity"] == pytest.approx(400, rel=0.01)
    assert found["demand"]["mean_replicas"] == pytest.approx(1.5, rel=0.05)
    assert "the fleet 'default': 7,192 requests in 21 minutes" in done.err
    assert "tok/s, ready after" in done.err


@pytest.mark.parametrize("words", ["history", "history --verify", "status --decisions", "simulate --policy static"])
def test_who_may_only_look_is_told_the_same(
    there: Qorch, qorch: Qorch, fleet: Lab, recorded: Path, tmp_path: Path, words: str
) -> None:
    fleet.server.put(look_secret())
    eve = viewers_kubeconfig(fleet.server, tmp_path)
    done = qorch(*words.split(), "--kubeconfig", eve, "--namespace", NAMESPACE)
    assert (done.code, done.out) == (0, there(*words.split()).out)


def test_with_redis_it_does_not_go_with_the_head(there: Qorch, cluster: Lab) -> None:
    secret = cluster.objects()["secrets", "qorch-default"]
    cluster.server.put({**secret, "data": {**secret["data"], "redis-password": "cQ=="}})
    assert there("up", *SCALED, "--redis", "redis:6379").code == 0
    done = there("history")
    assert (done.code, done.out, done.err) == (
        0, "no load was recorded\n", f"note: the history goes with {WITH_CLUSTER}",
    )  # fmt: skip


def test_a_fleet_that_has_recorded_nothing_yet_says_so(there: Qorch, fleet: Lab) -> None:
    assert there("history").out == "no load was recorded\n"
    assert there("history", "--verify").out == "no look was recorded\n"
    done = there("simulate")
    assert (done.code, done.error) == (
        2, "expected a trace, or --shape: the fleet 'default' has recorded no request",
    )  # fmt: skip


@pytest.mark.parametrize("verb", ["history", "simulate"])
def test_a_fleet_of_a_fixed_number_records_nothing_there(there: Qorch, cluster: Lab, verb: str) -> None:
    there("up", *UP, "--timeout", "20")
    done = there(verb)
    assert done.code == 4
    assert done.error.startswith("the fleet 'default' has a fixed number of replicas, and in a cluster the load is")
    assert done.hint.startswith("qorch up --max-replicas COUNT --kubeconfig ")


@pytest.mark.parametrize("verb", ["history", "simulate"])
def test_an_older_gateway_is_named_as_one(there: Qorch, fleet: Lab, verb: str) -> None:
    with http_stand_in() as older:
        fleet.server.behind.services[NAMESPACE, SERVICE] = older.url
        done = there(verb)
    assert (done.code, done.error) == (4, "the gateway tells no history: it is of an older version")
    assert done.hint.startswith("qorch up --image NAME --kubeconfig ")


def test_a_gateway_that_is_not_reached_says_what_may_keep_it(there: Qorch, fleet: Lab) -> None:
    fleet.server.behind.services[NAMESPACE, SERVICE] = UNREACHED
    done = there("history")
    assert done.code == 4
    assert done.error.endswith("i/o timeout; a NetworkPolicy may keep the API server out")
    assert done.hint.startswith("qorch status --kubeconfig ")


def test_what_another_version_told_is_no_traceback(there: Qorch, fleet: Lab) -> None:
    assert fleet.gateway is not None
    fleet.gateway.parts.values |= {"minutes/20000": b"nonsense", "looks/5": b"nonsense"}
    for options in ((), ("--verify",)):
        done = there("history", *options)
        assert (done.code, done.out) == (4, "")
        assert "of the history is damaged, or another version's: " in done.error
        assert done.hint


def test_a_fleet_that_is_not_there_is_said(there: Qorch, cluster: Lab) -> None:
    for verb in ("history", "simulate"):
        done = there(verb)
        assert (done.code, done.error) == (4, "there is no fleet 'default'")
        assert done.hint.startswith("qorch up ")


def test_a_namespace_is_of_a_cluster(qorch: Qorch) -> None:
    for verb in ("history", "simulate"):
        done = qorch(verb, "--namespace", "llm")
        assert (done.code, done.error) == (2, "--namespace llm is of a cluster, and none is named")
