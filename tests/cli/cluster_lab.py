"""A cluster to deploy into: nodes, KubeRay, pods that come to run, and a gateway behind the API server."""

from __future__ import annotations

import asyncio
import base64
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from kubernetes import config

from orchestrator.core.live.snapshot import GpuRow
from orchestrator.core.live.told_gpus import ToldGpus
from orchestrator.serving.replica_status import ReplicaStatus
from tests.core.cluster.objects import A100_LABELS, node_object
from tests.kube.cluster import Cluster
from tests.kube.kinds import Object
from tests.kube.kuberay import KubeRay
from tests.kube.ray_pods import RayPods
from tests.kube.server import ApiServer
from tests.serving.conftest import ADMIN_TOKEN, DEFAULTS, LOOK_TOKEN, NO_KEYS, Gateway, replica
from tests.serving.scripted_engine import ScriptedEngine, good_whole

ENDPOINT = "http://qorch-default-serve-svc.llm:8000/v1"
UP = ("--model", "qwen3.5-9b", "--replicas", "2", "--image", "qorch:1")
NAMESPACE, SERVICE = "llm", "qorch-default-serve-svc:8000"


@dataclass
class Lab:
    """The namespace `llm` of a cluster with one node of eight A100."""

    server: ApiServer
    ray: KubeRay
    pods: RayPods
    kubeconfig: str
    gateway: Gateway | None = None

    def objects(self) -> dict[tuple[str, str], Object]:
        """What is in the namespace, by plural and name."""
        with self.server.store.changed:
            found = list(self.server.store.everything())
        return {(key.plural, key.name): item for key, item in found if key.namespace == NAMESPACE}

    def rendered(self) -> set[tuple[str, str]]:
        """Those that are the fleet's by their labels, but for what KubeRay and kubelets made of them."""
        made = ("rayclusters", "pods", "services")
        found = ((key, item["metadata"].get("labels", {})) for key, item in self.objects().items())
        return {key for key, labels in found if key[0] not in made and "qorch.dev/fleet" in labels}


@contextmanager
def lab(server: ApiServer, folder: Path) -> Iterator[Lab]:
    """Without a gateway yet, and without turns of KubeRay."""
    server.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    server.put(node_object("a", A100_LABELS, gpus=8))
    server.put(secret())
    path = server.kubeconfig(folder / "kubeconfig", namespace=NAMESPACE, context="lab")
    cluster = Cluster(config.new_client_from_config(str(path)), NAMESPACE)
    application = {"status": "RUNNING", "serveDeploymentStatuses": {}}
    yield Lab(server, KubeRay(cluster, applications={"qorch": application}), RayPods(server, NAMESPACE), str(path))


@contextmanager
def living(lab: Lab) -> Iterator[Lab]:
    """KubeRay and the kubelet at work, and a gateway that has one engine."""
    with ExitStack() as stack:
        stack.enter_context(lab.ray.running())
        stack.enter_context(lab.pods.following())
        gateway = stack.enter_context(running_gateway())
        lab.server.behind.services[NAMESPACE, SERVICE] = gateway.url
        lab.gateway = gateway
        yield lab


def secret(**data: str) -> Object:
    """What the user makes for a fleet."""
    return _secret("qorch-default", data or {"keys.json": "{}", "admin-token": ADMIN_TOKEN})


def look_secret(token: str = LOOK_TOKEN) -> Object:
    """What the user makes for people who may only look."""
    return _secret("qorch-default.look", {"look-token": token})


def _secret(name: str, content: dict[str, str]) -> Object:
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in content.items()}
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": encoded}


@contextmanager
def running_gateway() -> Iterator[Gateway]:
    """A real one over an engine that answers every completion."""
    with _engine() as port:
        gateway = Gateway([on_gpus(replica("r0", port))], NO_KEYS, False, DEFAULTS)
        try:
            yield gateway
        finally:
            gateway.server.stop(drain_s=0)


def on_gpus(status: ReplicaStatus, error: str | None = None) -> ReplicaStatus:
    """Of an engine on the GPU that its pod was given, which it reads."""
    gpu = GpuRow("pod", 5, "NVIDIA A100-SXM4-80GB", "GPU-5", 93.0, 71 << 30, 80 << 30, 61.0, 312.0, 400.0, "too hot")
    return replace(status, devices=("GPU-5",), gpus=ToldGpus((gpu,), error))


@contextmanager
def _engine() -> Iterator[int]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    running = ScriptedEngine(good_whole).running()
    try:
        yield asyncio.run_coroutine_threadsafe(running.__aenter__(), loop).result(5)
    finally:
        asyncio.run_coroutine_threadsafe(running.__aexit__(None, None, None), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
