"""Fixtures for whoever needs a cluster: `from tests.kube.fixtures import api_server`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kube.server import ApiServer, running_api_server


@pytest.fixture
def api_server() -> Iterator[ApiServer]:
    """An empty cluster with KubeRay's kinds."""
    with running_api_server() as server:
        server.install_kuberay()
        yield server


@pytest.fixture
def kubeconfig(api_server: ApiServer, tmp_path: Path) -> Path:
    """How its administrator reaches it."""
    return api_server.kubeconfig(tmp_path / "kubeconfig")
