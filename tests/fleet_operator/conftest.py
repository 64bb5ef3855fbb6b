"""A cluster in this process with nodes, KubeRay's stand-in, and operators that tests start and stop."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from kubernetes import config

from orchestrator.adapters.gpu_table import load_gpus, shipped_gpus_dir
from orchestrator.adapters.kubernetes_api import connect
from orchestrator.adapters.lease import Lease, Times
from orchestrator.cli.fleet_planner import FleetPlanner
from orchestrator.cli.operator_process import OperatorProcess, Orders
from orchestrator.core.qwen_fleet.definition import definition
from orchestrator.core.qwen_fleet.installation import NAMESPACE, access, workload
from orchestrator.core.qwen_fleet.kind import API_VERSION, KIND, MANAGER
from tests.core.cluster.objects import A100_LABELS, labelled, node_object
from tests.core.machines import PREDICT, PROFILES
from tests.kube.cluster import Cluster
from tests.kube.fixtures import api_server, kubeconfig
from tests.kube.kuberay import KubeRay
from tests.kube.server import ApiServer
from tests.kube.turns import going_on

__all__ = ["api_server", "kubeconfig"]
L4_LABELS = labelled(product="NVIDIA-L4", memory="23034", count="4", compute_minor="9")
PLANNER = FleetPlanner(PROFILES, load_gpus(shipped_gpus_dir()), PREDICT)
ACCOUNT = f"system:serviceaccount:{NAMESPACE}:{MANAGER}"
SHORT = Times(lease_s=2.0, deadline_s=1.0, retry_s=0.1)
IMAGE = "registry.example/qorch@sha256:" + "0" * 64


class Lab:
    """One cluster with its administrator's hands."""

    def __init__(self, server: ApiServer, folder: Path) -> None:
        self.server, self.folder = server, folder
        self.kubeconfig = server.kubeconfig(folder / "admin")
        self.cluster = Cluster(config.new_client_from_config(str(self.kubeconfig)), "default")
        self.kuberay = KubeRay(self.cluster)
        for each in (workload()[0], *access()):
            server.put(each)
        self.said: list[str] = []

    # -- hands

    def nodes(self, *names: str, gpus: int = 8, labels: dict[str, str] | None = None) -> None:
        for name in names:
            self.server.put(node_object(name, A100_LABELS if labels is None else labels, gpus=gpus))

    def remove_node(self, name: str) -> None:
        self.cluster.ok("DELETE", self.cluster.path("nodes", name, namespaced=False))

    def fleet_object(self, name: str = "chat", **spec: Any) -> dict[str, Any]:
        return {"apiVersion": API_VERSION, "kind": KIND, "metadata": {"name": name}, "spec": spec}

    def ask(self, name: str = "chat", **spec: Any) -> None:
        self.cluster.applied(self.fleets(name), self.fleet_object(name, **spec), "git")

    def secret(self, name: str = "chat") -> None:
        self.server.put({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": f"qorch-{name}"}})

    # -- eyes

    def fleets(self, name: str = "") -> str:
        return self.cluster.path("qwenfleets", name, API_VERSION)

    def services(self, name: str = "") -> str:
        return self.cluster.path("rayservices", name, "ray.io/v1")

    def fleet(self, name: str = "chat") -> dict[str, Any]:
        return self.cluster.ok("GET", self.fleets(name))

    def status(self, name: str = "chat") -> dict[str, Any]:
        return dict(self.fleet(name).get("status") or {})

    def condition(self, kind: str, name: str = "chat") -> dict[str, Any]:
        return next((each for each in self.status(name).get("conditions", ()) if each["type"] == kind), {})

    def holds(self, kind: str, status: str, reason: str = "", name: str = "chat") -> bool:
        found = self.condition(kind, name)
        return found.get("status") == status and reason in ("", found["reason"])

    def service(self, name: str = "chat") -> dict[str, Any]:
        return self.cluster.ok("GET", self.services(f"qorch-{name}"))

    def ray_clusters(self) -> list[dict[str, Any]]:
        return list(self.cluster.ok("GET", self.cluster.path("rayclusters", "", "ray.io/v1"))["items"])

    def ray_counts(self, group: int = 1) -> tuple[int, ...]:
        """Replicas, fewest and most of the one Ray cluster; the first group is the gateways'."""
        (cluster,) = self.ray_clusters()
        found = cluster["spec"]["workerGroupSpecs"][group]
        return tuple(found[name] for name in ("replicas", "minReplicas", "maxReplicas"))

    def has_service(self, name: str = "chat") -> bool:
        return self.cluster.call("GET", self.services(f"qorch-{name}")).code == 200

    def until_holds(self, kind: str, status: str = "True", reason: str = "", name: str = "chat") -> dict[str, Any]:
        try:
            self.cluster.until(lambda: self.holds(kind, status, reason, name))
        except AssertionError as never:
            raise AssertionError(f"{kind} is not {status}: {self.status(name)}, {self.said}") from never
        return self.condition(kind, name)

    def writes(self) -> int:
        verbs = ("create", "update", "patch", "delete")
        return sum(seen.verb in verbs and seen.resource != "leases" for seen in list(self.server.requests))

    def until_quiet(self, seconds: float = 1.0) -> None:
        """Until nothing was written for a while."""
        quiet_since, count = time.monotonic(), -1
        while time.monotonic() < quiet_since + seconds:
            if self.writes() != count:
                quiet_since, count = time.monotonic(), self.writes()
            time.sleep(0.05)

    # -- operators

    @contextmanager
    def operator(
        self, user: str = ACCOUNT, elected: str = "", namespaces: tuple[str, ...] = ()
    ) -> Iterator[OperatorProcess]:
        """One that acts, in threads of this process, until the block ends."""
        file = self.server.kubeconfig(self.folder / "operator", user, NAMESPACE)
        api = connect(file, None, MANAGER)
        lease = Lease(api, NAMESPACE, MANAGER, elected, time.monotonic, SHORT) if elected else None
        process = OperatorProcess(api, PLANNER, Orders(namespaces, IMAGE, settle_s=0.2), lease, self.said.append)
        with going_on(process.run):
            yield process


@pytest.fixture
def lab(api_server: ApiServer, tmp_path: Path) -> Lab:
    api_server.put(definition())
    return Lab(api_server, tmp_path)
