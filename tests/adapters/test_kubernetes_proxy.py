"""What is behind an API server: services by its proxy, and logs as they come."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.adapters.gateway_api import GatewayApi
from orchestrator.adapters.kuberay.gateway import ask_decisions, ask_gateway
from orchestrator.adapters.kuberay.tokens import FleetToken
from orchestrator.adapters.kubernetes_api import Forbidden, KubernetesApi, connect, transport
from orchestrator.core.errors import EnvironmentNotReady
from tests.adapters.http_stand_in import http_stand_in
from tests.cli.cluster_lab import running_gateway
from tests.core.cluster.objects import pod_object
from tests.core.scaling.seen_pools import PoolRun, told_of
from tests.kube.behind import UNREACHED
from tests.kube.fixtures import api_server, kubeconfig
from tests.kube.server import ApiServer
from tests.serving.conftest import ADMIN_TOKEN

__all__ = ["api_server", "kubeconfig"]
SERVICE = "qorch-chat-serve-svc"
TOKEN = FleetToken(ADMIN_TOKEN)


@pytest.fixture
def api(api_server: ApiServer, kubeconfig: Path) -> KubernetesApi:
    api_server.put({"apiVersion": "v1", "kind": "Service", "metadata": {"name": SERVICE}})
    return connect(kubeconfig, None)


def test_a_service_is_asked_with_headers_but_never_with_the_servers_credentials(
    api_server: ApiServer, api: KubernetesApi
):
    with running_gateway() as gateway:
        api_server.behind.services["default", f"{SERVICE}:8000"] = gateway.url
        path = "/qorch/v1/look"
        assert api.proxied("default", f"{SERVICE}:8000", path, {"Authorization": f"Bearer {ADMIN_TOKEN}"})[0] == 401
        assert api.proxied("default", f"{SERVICE}:8000", path, {"x-qorch-admin-token": "wrong"})[0] == 401
        status, body = api.proxied("default", f"{SERVICE}:8000", path, {"x-qorch-admin-token": ADMIN_TOKEN})
    assert status == 200
    assert b'"replica_id": "r0"' in body


def test_a_gateway_tells_through_the_server_what_it_tells_at_its_door(api_server: ApiServer, api: KubernetesApi):
    with running_gateway() as gateway:
        api_server.behind.services["default", f"{SERVICE}:8000"] = gateway.url
        told = ask_gateway(api, "default", "chat", TOKEN, serving=False)
        at_its_door = GatewayApi(gateway.url, ADMIN_TOKEN).look(by="host")
        assert (told.ready, told.held, told.silent_because) == (True, None, "")
        assert at_its_door is not None
        assert told.engines == at_its_door.engines


def test_decisions_come_through_the_server(api_server: ApiServer, api: KubernetesApi):
    run = PoolRun()
    run.run(60, 9.0)
    with running_gateway() as gateway:
        gateway.scaling = told_of(run)
        api_server.behind.services["default", f"{SERVICE}:8000"] = gateway.url
        assert ask_gateway(api, "default", "chat", TOKEN, serving=False).decided == gateway.scaling.last
        assert ask_decisions(api, "default", "chat", TOKEN) == gateway.scaling.decisions


def test_decisions_that_nobody_tells_are_no_decisions(api_server: ApiServer, api: KubernetesApi):
    with pytest.raises(EnvironmentNotReady, match="the gateway tells no decisions: it does not answer"):
        ask_decisions(api, "default", "chat", TOKEN)
    with pytest.raises(EnvironmentNotReady, match="the gateway tells no decisions: the Secret has none"):
        ask_decisions(api, "default", "chat", FleetToken(missing_because="the Secret has none"))
    api_server.behind.services["default", f"{SERVICE}:8000"] = UNREACHED
    with pytest.raises(EnvironmentNotReady, match="a NetworkPolicy may keep the API server out"):
        ask_decisions(api, "default", "chat", TOKEN)


def test_a_token_that_the_gateway_does_not_take_is_said(api_server: ApiServer, api: KubernetesApi):
    with running_gateway() as gateway:
        api_server.behind.services["default", f"{SERVICE}:8000"] = gateway.url
        told = ask_gateway(api, "default", "chat", FleetToken("of before"), serving=True)
        needed = "the fleet's look token or its admin token is needed"
        assert (told.ready, told.engines, told.silent_because) == (True, None, f"the gateway tells nothing: {needed}")
        with pytest.raises(EnvironmentNotReady, match=f"the gateway tells no decisions: {needed}"):
            ask_decisions(api, "default", "chat", FleetToken("of before"))


def test_a_gateway_that_nobody_reaches_is_asked_once_and_tells_nothing(api_server: ApiServer, api: KubernetesApi):
    told = ask_gateway(api, "default", "chat", TOKEN, serving=True)
    assert (told.ready, told.engines) == (None, None)
    assert api_server.counts()["get", "services/proxy"] == 1


def test_a_gateway_that_is_not_ready_says_so_at_once(api_server: ApiServer, api: KubernetesApi):
    """Its 503 is an answer; the library would ask again, and wait before that."""
    with running_gateway() as gateway:
        gateway.table.update([])
        api_server.behind.services["default", f"{SERVICE}:8000"] = gateway.url
        assert ask_gateway(api, "default", "chat", TOKEN, serving=True).ready is False
        assert api_server.counts()["get", "services/proxy"] == 2


def test_who_may_not_ask_has_kuberays_word(api_server: ApiServer, tmp_path: Path):
    api = connect(api_server.kubeconfig(tmp_path / "eve", user="eve"), None)
    with pytest.raises(Forbidden, match="permission to get services/proxy is needed"):
        api.proxied("default", f"{SERVICE}:8000", "/ready", {})
    told = ask_gateway(api, "default", "chat", TOKEN, serving=True)
    assert told.ready is True
    assert told.silent_because.startswith("the gateway is not asked: forbidden: needs get services/proxy")


def test_a_gateway_that_a_policy_keeps_the_server_from_has_kuberays_word(api_server: ApiServer, api: KubernetesApi):
    api_server.behind.services["default", f"{SERVICE}:8000"] = UNREACHED
    told = ask_gateway(api, "default", "chat", TOKEN, serving=True)
    assert (told.ready, told.engines) == (True, None)
    assert told.silent_because.endswith("i/o timeout; a NetworkPolicy may keep the API server out")


def test_an_answer_without_end_is_cut_off(api_server: ApiServer, api: KubernetesApi, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(transport, "MOST_PASSED_BYTES", 1000)
    with http_stand_in() as service:
        service.answers = {"GET /whole": (200, "x" * 1000), "GET /more": (200, "x" * 1001)}
        api_server.behind.services["default", f"{SERVICE}:8000"] = service.url
        assert api.proxied("default", f"{SERVICE}:8000", "/whole", {}) == (200, b"x" * 1000)
        with pytest.raises(EnvironmentNotReady, match="/more answers more than 1000 bytes"):
            api.proxied("default", f"{SERVICE}:8000", "/more", {})
        assert api.proxied("default", f"{SERVICE}:8000", "/whole", {}) == (200, b"x" * 1000)


def test_a_log_comes_in_pieces_and_a_refusal_in_words(api_server: ApiServer, api: KubernetesApi):
    api_server.put(pod_object("a", "node"))
    api_server.behind.logs["default", "a", "engine"] = "x" * 100_000 + "\n\nend\n"
    log = b"".join(api.log_chunks("default", "a", {"container": "engine"}))
    assert log.decode() == api_server.behind.logs["default", "a", "engine"]
    assert b"".join(api.log_chunks("default", "a", {"container": "engine", "tailLines": "1"})) == b"end\n"
    with pytest.raises(EnvironmentNotReady, match='container "none" in pod "a" is not available'):
        list(api.log_chunks("default", "a", {"container": "none"}))
