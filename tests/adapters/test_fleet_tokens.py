"""Which token of a fleet an account comes by: of two Secrets it may read both, one or none."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.adapters.kuberay.tokens import look_token, require_admin_token
from orchestrator.adapters.kubernetes_api import KubernetesApi, connect
from orchestrator.core.errors import EnvironmentNotReady
from tests.cli.cluster_lab import NAMESPACE, look_secret, secret
from tests.kube.fixtures import api_server, kubeconfig
from tests.kube.rights import allow
from tests.kube.server import ApiServer
from tests.serving.conftest import ADMIN_TOKEN, LOOK_TOKEN

__all__ = ["api_server", "kubeconfig"]
FLEET, LOOK = "qorch-default", "qorch-default.look"


@pytest.fixture
def server(api_server: ApiServer) -> ApiServer:
    api_server.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    api_server.put(secret())
    return api_server


def reader(server: ApiServer, folder: Path, *names: str) -> KubernetesApi:
    """Eve, who may read these Secrets."""
    rule = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"], "resourceNames": list(names)}
    allow(server, "eve", NAMESPACE, [rule] if names else [])
    return connect(server.kubeconfig(folder / "eve", user="eve", namespace=NAMESPACE, context="lab"), None)


@pytest.mark.parametrize(
    ("may_read", "token"), [((FLEET, LOOK), LOOK_TOKEN), ((LOOK,), LOOK_TOKEN), ((FLEET,), ADMIN_TOKEN)]
)
def test_who_looks_takes_the_lesser_of_those_that_are_given(
    server: ApiServer, tmp_path: Path, may_read: tuple[str, ...], token: str
) -> None:
    server.put(look_secret())
    assert look_token(reader(server, tmp_path, *may_read), NAMESPACE, "default").value == token


@pytest.mark.parametrize("may_read", [(FLEET,), (FLEET, LOOK)])
def test_a_fleet_without_a_look_token_is_looked_at_as_before(
    server: ApiServer, tmp_path: Path, may_read: tuple[str, ...]
) -> None:
    assert look_token(reader(server, tmp_path, *may_read), NAMESPACE, "default").value == ADMIN_TOKEN


def test_who_may_read_neither_is_told_the_permission(server: ApiServer, tmp_path: Path) -> None:
    token = look_token(reader(server, tmp_path), NAMESPACE, "default")
    assert token.missing_because.startswith("forbidden: needs get secrets; hint: ")


def test_a_secret_that_lacks_the_look_token_is_named(server: ApiServer, tmp_path: Path) -> None:
    server.put({**look_secret(), "data": {}})
    token = look_token(reader(server, tmp_path, LOOK), NAMESPACE, "default")
    assert token.missing_because.startswith(f"the Secret {LOOK} has no look-token; hint: kubectl create secret")


def test_an_order_takes_the_admin_token_alone(server: ApiServer, tmp_path: Path) -> None:
    server.put(look_secret())
    assert require_admin_token(reader(server, tmp_path, FLEET, LOOK), NAMESPACE, "default") == ADMIN_TOKEN
    with pytest.raises(EnvironmentNotReady, match="the Secret qorch-default, which you may not read"):
        require_admin_token(reader(server, tmp_path, LOOK), NAMESPACE, "default")
    server.put(secret(**{"keys.json": "{}"}))
    with pytest.raises(EnvironmentNotReady, match="the Secret qorch-default has no admin-token"):
        require_admin_token(reader(server, tmp_path, FLEET), NAMESPACE, "default")
