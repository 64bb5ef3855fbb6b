"""What the in-process server does at a word, and a real cluster does not: users, troubles, compaction, counting."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
import urllib3
from kubernetes import config

from tests.kube.cluster import Cluster, config_map
from tests.kube.server import ApiServer, Fault, running_api_server


@pytest.fixture
def admin(api_server: ApiServer, tmp_path: Path) -> Cluster:
    return _as(api_server, tmp_path, "system:admin")


def _as(server: ApiServer, folder: Path, user: str) -> Cluster:
    file = server.kubeconfig(folder / user.replace(":", "-"), user=user)
    return Cluster(config.new_client_from_config(str(file)), "default")


def test_who_brings_no_token_is_nobody(admin: Cluster) -> None:
    admin.client.configuration.api_key = {}
    reply = admin.call("GET", "/api/v1/nodes")
    assert (reply.code, reply.reason) == (401, "Unauthorized")


def test_a_token_is_the_name_of_its_user(api_server: ApiServer, tmp_path: Path) -> None:
    bob = _as(api_server, tmp_path, "bob")
    assert 'User "bob" cannot list resource "nodes"' in bob.call("GET", "/api/v1/nodes").message
    assert bob.call("GET", "/api").code == 200


def test_only_an_administrator_may_be_somebody_else(api_server: ApiServer, tmp_path: Path) -> None:
    bob = replace(_as(api_server, tmp_path, "bob"), user="system:admin")
    assert bob.call("GET", "/api/v1/nodes").code == 403


@pytest.mark.parametrize(("code", "reason"), [(409, "Conflict"), (500, "InternalError"), (503, "ServiceUnavailable")])
def test_troubles_come_as_often_as_ordered(api_server: ApiServer, admin: Cluster, code: int, reason: str) -> None:
    api_server.faults.order(Fault("create", "configmaps", code=code, times=2))
    for _ in range(2):
        reply = admin.call("POST", admin.config_maps(), config_map("a"))
        assert (reply.code, reply.reason) == (code, reason)
    admin.ok("GET", admin.config_maps())
    admin.ok("POST", admin.config_maps(), config_map("a"))


def test_a_quota_refuses_in_its_own_words(api_server: ApiServer, admin: Cluster) -> None:
    said = 'configmaps "a" is forbidden: exceeded quota: few, requested: count/configmaps=1, used: 3, limited: 3'
    api_server.faults.order(Fault("create", "configmaps", code=403, message=said))
    reply = admin.call("POST", admin.config_maps(), config_map("a"))
    assert (reply.code, reply.reason, reply.message) == (403, "Forbidden", said)


def test_too_many_requests_tell_when_to_come_again(api_server: ApiServer, admin: Cluster) -> None:
    api_server.faults.order(Fault(code=429, retry_after_s=7))
    reply = admin.call("GET", "/api/v1/nodes")
    assert (reply.code, reply.body["details"]["retryAfterSeconds"], reply.headers["Retry-After"]) == (429, 7, "7")


def test_an_answer_can_come_too_late(api_server: ApiServer, admin: Cluster) -> None:
    api_server.faults.order(Fault("list", "nodes", delay_s=0.5))
    pool = admin.client.rest_client.pool_manager
    token = {"Authorization": "Bearer system:admin"}
    with pytest.raises(urllib3.exceptions.ReadTimeoutError):
        pool.request("GET", f"{api_server.url}/api/v1/nodes", headers=token, timeout=0.1, retries=False)


def test_a_watch_can_break_off(api_server: ApiServer, admin: Cluster) -> None:
    for number in range(3):
        admin.ok("POST", admin.config_maps(), config_map(f"a{number}"))
    api_server.faults.order(Fault("watch", "configmaps", drop_after_events=2))
    events = admin.watch(admin.config_maps())
    assert [next(events)["object"]["metadata"]["name"] for _ in range(2)] == ["a0", "a1"]
    with pytest.raises(urllib3.exceptions.ProtocolError):
        next(events)


def test_what_was_compacted_is_gone(api_server: ApiServer, admin: Cluster) -> None:
    version = admin.ok("GET", admin.config_maps())["metadata"]["resourceVersion"]
    for number in range(3):
        admin.ok("POST", admin.config_maps(), config_map(f"a{number}"))
    token = admin.ok("GET", admin.config_maps(), limit=1)["metadata"]["continue"]
    admin.ok("POST", admin.config_maps(), config_map("later"))
    api_server.store.compact()
    (event,) = admin.watch(admin.config_maps(), resourceVersion=version)
    assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 410, "Expired")
    assert admin.call("GET", admin.config_maps(), limit=1, **{"continue": token}).code == 410


def test_bookmarks_tell_how_far_a_quiet_watch_has_come(api_server: ApiServer, admin: Cluster) -> None:
    version = admin.ok("GET", "/api/v1/nodes")["metadata"]["resourceVersion"]
    made = admin.ok("POST", admin.config_maps(), config_map("elsewhere"))
    api_server.reads.bookmark_every_s = 0.05
    event = next(admin.watch("/api/v1/nodes", resourceVersion=version, allowWatchBookmarks="true"))
    assert event["type"] == "BOOKMARK"
    assert event["object"]["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


def test_a_watch_can_bring_the_list_along(api_server: ApiServer, admin: Cluster) -> None:
    admin.ok("POST", admin.config_maps(), config_map("a"))
    query = {"sendInitialEvents": "true", "allowWatchBookmarks": "true", "resourceVersionMatch": "NotOlderThan"}
    first, second = (event for event, _ in zip(admin.watch(admin.config_maps(), **query), range(2), strict=False))
    assert (first["type"], second["type"]) == ("ADDED", "BOOKMARK")
    assert second["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_a_server_that_closes_leaves_no_thread(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    with running_api_server() as server:
        client = _as(server, tmp_path, "system:admin")
        client.ok("GET", client.config_maps())
        events = client.watch(client.config_maps(), 60)
        client.ok("POST", client.config_maps(), config_map("a"))
        next(events)
        assert set(threading.enumerate()) - before
    assert not set(threading.enumerate()) - before


def test_requests_are_counted(api_server: ApiServer, admin: Cluster) -> None:
    admin.ok("GET", admin.config_maps())
    admin.call("GET", admin.config_maps("nothing"))
    list(admin.watch(admin.config_maps(), 0.1))
    counts = api_server.counts()
    assert {verb: counts[verb, "configmaps"] for verb in ("list", "get", "watch", "create")} == {
        "list": 1,
        "get": 1,
        "watch": 1,
        "create": 0,
    }
    assert [seen.code for seen in api_server.requests] == [200, 404, 200]
