"""Reading from an API server, and what its refusals become."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrator.adapters.kubernetes_api import Forbidden, KubernetesApi, NotServed, Resource, connect, transport
from orchestrator.adapters.kubernetes_api import api as api_module
from orchestrator.core.errors import EnvironmentNotReady, QorchError, UsageError
from tests.adapters.http_stand_in import http_stand_in
from tests.core.cluster.objects import node_object, pod_object
from tests.kube.faults import Fault
from tests.kube.fixtures import api_server, kubeconfig
from tests.kube.server import ApiServer

__all__ = ["api_server", "kubeconfig"]
NODES, PODS = Resource("nodes"), Resource("pods")


@pytest.fixture
def api(kubeconfig: Path) -> KubernetesApi:
    return connect(kubeconfig, None)


def names(api: KubernetesApi, resource: Resource, **query: str) -> list[str]:
    return [each["metadata"]["name"] for page in api.pages(resource, **query) for each in page]


def test_a_list_is_read_page_by_page_until_it_ends(
    api_server: ApiServer, api: KubernetesApi, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(api_module, "PAGE", 3)
    for number in range(8):
        api_server.put(node_object(f"n{number}"))
    assert names(api, NODES) == [f"n{number}" for number in range(8)]
    assert api_server.counts()["list", "nodes"] == 3


def test_a_selector_goes_with_every_page(api_server: ApiServer, api: KubernetesApi, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(api_module, "PAGE", 2)
    for number in range(6):
        api_server.put(pod_object(f"p{number}", "a", phase="Running" if number % 2 else "Succeeded"))
    assert names(api, PODS, fieldSelector="status.phase!=Succeeded") == ["p1", "p3", "p5"]


def test_the_context_brings_its_name_and_its_namespace(api_server: ApiServer, tmp_path: Path):
    file = api_server.kubeconfig(tmp_path / "config", namespace="llm", context="lab")
    assert (connect(file, "lab").context, connect(file, "lab").namespace) == ("lab", "llm")


@pytest.mark.parametrize("code", [429, 500, 503])
def test_a_server_that_is_busy_is_asked_again(api_server: ApiServer, api: KubernetesApi, code: int):
    api_server.put(node_object("a"))
    api_server.faults.order(Fault("list", "nodes", code, times=2))
    assert names(api, NODES) == ["a"]


def test_a_server_that_stays_broken_is_given_up_with_what_it_says(
    api_server: ApiServer, kubeconfig: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(transport, "BACKOFF_S", 0)
    api = connect(kubeconfig, None)
    api_server.faults.order(Fault("list", "nodes", 503, times=99))
    with pytest.raises(EnvironmentNotReady, match="503: the server is currently unable"):
        names(api, NODES)


def test_a_permission_that_lacks_is_named_by_verb_and_resource(api_server: ApiServer, tmp_path: Path):
    api = connect(api_server.kubeconfig(tmp_path / "config", user="eve", context="lab"), None)
    with pytest.raises(Forbidden, match=r'permission to list nodes is needed: .*User "eve" cannot list') as refused:
        names(api, NODES)
    assert refused.value.hint == "kubectl --context lab auth can-i list nodes --all-namespaces"


def test_a_kind_that_is_not_served_is_named(api: KubernetesApi):
    with pytest.raises(NotServed, match=r"no fleets\.qorch\.dev"):
        names(api, Resource("fleets", "qorch.dev", "v1alpha1"))


def test_credentials_that_are_refused(api_server: ApiServer, tmp_path: Path):
    api = connect(api_server.kubeconfig(tmp_path / "config", user=""), None)
    with pytest.raises(EnvironmentNotReady, match="does not accept the credentials"):
        names(api, NODES)


def test_a_server_that_is_not_there(tmp_path: Path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        file = config(tmp_path, {"server": f"http://127.0.0.1:{free.getsockname()[1]}"})
    with pytest.raises(EnvironmentNotReady, match=r"'lab' at http://127\S+ does not answer: .*refused") as failed:
        names(connect(file, None), NODES)
    assert failed.value.hint == "kubectl --context lab cluster-info"


@pytest.mark.parametrize("answer", ["<html>a proxy's page</html>", "[1]", ""])
def test_an_answer_that_is_no_object(tmp_path: Path, answer: str):
    with http_stand_in() as server:
        server.answers["GET /api/v1/nodes?limit=500"] = (200, answer)
        with pytest.raises(EnvironmentNotReady, match="answers list nodes with 200"):
            names(connect(config(tmp_path, {"server": server.url}), None), NODES)


def test_a_list_that_the_server_forgot_goes_on_with_what_is_there_now(tmp_path: Path):
    def page(name: str, rest: str) -> dict[str, Any]:
        return {"metadata": {"continue": rest}, "items": [{"metadata": {"name": name}}]}

    gone = {"code": 410, "message": "The provided continue parameter is too old", "metadata": {"continue": "later"}}
    with http_stand_in() as server:
        server.answers["GET /api/v1/nodes?limit=500"] = (200, page("a", "old"))
        server.answers["GET /api/v1/nodes?limit=500&continue=old"] = (410, gone)
        server.answers["GET /api/v1/nodes?limit=500&continue=later"] = (200, page("b", ""))
        api = connect(config(tmp_path, {"server": server.url}), None)
        assert names(api, NODES) == ["a", "b"]
        gone["metadata"] = {}
        with pytest.raises(EnvironmentNotReady, match="410: The provided continue parameter is too old"):
            names(api, NODES)


def config(tmp_path: Path, cluster: dict[str, Any], user: dict[str, Any] | None = None) -> Path:
    file = tmp_path / "config"
    file.write_text(
        yaml.safe_dump(
            {
                "current-context": "lab",
                "clusters": [{"name": "lab", "cluster": cluster}],
                "users": [{"name": "lab", "user": user or {"token": "t"}}],
                "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "lab"}}],
            }
        )
    )
    return file


def test_a_context_that_is_not_there_is_told_with_those_that_are(tmp_path: Path):
    with pytest.raises(UsageError, match="no context 'prod'; there are: lab"):
        connect(config(tmp_path, {"server": "http://x"}), "prod")


@pytest.mark.parametrize("text", ["", "- 1\n", "a: [", "contexts: 3\n", "current-context: x\n", "\x00"])
def test_a_file_that_is_no_kubeconfig(tmp_path: Path, text: str):
    file = tmp_path / "config"
    file.write_text(text)
    with pytest.raises(QorchError, match="config"):
        connect(file, None)


def test_without_any_kubeconfig_there_is_no_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    with pytest.raises(UsageError, match=r"a kubeconfig is needed, and there is no .*/\.kube/config"):
        connect(None, "lab")


def test_the_file_that_kubeconfig_names_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KUBECONFIG", str(config(tmp_path, {"server": "http://x"})))
    assert connect(None, None).context == "lab"


def test_a_credential_plugin_that_fails_says_why(tmp_path: Path):
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": "no-such-plugin", "interactiveMode": "Never"}
    file = config(tmp_path, {"server": "http://127.0.0.1:1"}, {"exec": plugin})
    with pytest.raises(EnvironmentNotReady, match=r"credentials of context 'lab' cannot be had: .*no-such-plugin"):
        connect(file, None)
