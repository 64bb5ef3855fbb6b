"""The cluster that the contract is held to: in process, or the one that QORCH_TEST_KUBECONFIG leads to."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import pytest
from kubernetes import client, config

from tests.kube.cluster import Cluster
from tests.kube.fixtures import api_server, kubeconfig
from tests.kube.sample_kind import sample_definition
from tests.kube.server import running_api_server

__all__ = ["api_server", "kubeconfig"]
_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


@pytest.fixture(scope="session")
def any_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[client.ApiClient]:
    real = os.environ.get("QORCH_TEST_KUBECONFIG")
    if real:
        yield config.new_client_from_config(real)
        return
    with running_api_server() as server:
        file = server.kubeconfig(tmp_path_factory.mktemp("cluster") / "kubeconfig")
        yield config.new_client_from_config(str(file))


@pytest.fixture(scope="session")
def custom_group(any_cluster: client.ApiClient) -> Iterator[str]:
    """The group of a custom kind of the tests' own."""
    group = f"c{uuid.uuid4().hex[:8]}.qorch.dev"
    cluster = Cluster(any_cluster, "default", group)
    cluster.ok("POST", _DEFINITIONS, sample_definition(group))
    cluster.until(lambda: cluster.call("GET", cluster.samples()).code == 200)
    yield group
    cluster.ok("DELETE", f"{_DEFINITIONS}/samples.{group}")


@pytest.fixture
def cluster(any_cluster: client.ApiClient, custom_group: str) -> Iterator[Cluster]:
    """A namespace of its own, gone afterwards."""
    namespace = f"qorch-contract-{uuid.uuid4().hex[:8]}"
    found = Cluster(any_cluster, namespace, custom_group)
    found.ok("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
    yield found
    found.ok("DELETE", f"/api/v1/namespaces/{namespace}")
