"""The pods of a Ray cluster: the head, which serves nothing, and worker groups for gateways and each variant."""

from __future__ import annotations

import json
from typing import Any

from orchestrator.core.amounts import GIB
from orchestrator.core.deployment import DRAIN_S, GATEWAY, DeploymentSpec
from orchestrator.core.manifests.naming import Role, group_name, object_name, pod_labels, pods_of
from orchestrator.core.manifests.pod import (
    POD_SECURITY,
    http_probe,
    resources,
    scratch_mounts,
    scratch_volumes,
    security,
)
from orchestrator.core.manifests.pod_needs import PodNeeds
from orchestrator.core.manifests.settings import ClusterSettings, Upgrade
from orchestrator.core.manifests.weights import weights_container, weights_mount, weights_volume
from orchestrator.core.pod_deployment import ENGINE_PORT, GOAL_PATH, PLACES, SERVE_PORT
from orchestrator.core.profile import Profile
from orchestrator.core.replica_bounds import ReplicaBounds, exactly

OBJECT_STORE_BYTES = 80_000_000  # Ray's least is 75 MB; qorch keeps nothing in it
SMALL_SHM_BYTES = GIB // 4
HEAD_BYTES, GATEWAY_BYTES = 4 * GIB, 2 * GIB
GCS_PORT, DASHBOARD_PORT, METRICS_PORT = 6379, 8265, 8080
PROBE_PERIOD_S, PROBE_FAILURES = 5, 3
STOP_S = int(DRAIN_S) + 15  # beyond its answers: gateways look elsewhere, and the engine ends
GRACE_S = STOP_S + 15
# Ray is told first, so that Serve has a replacement started and the replica drained; its port closes when it has ended.
PRE_STOP = (
    "ray drain-node --reason DRAIN_NODE_REASON_PREEMPTION --reason-message 'its pod ends' "
    f"--deadline-remaining-seconds {STOP_S}; "
    f"for i in $(seq {STOP_S}); do (exec 3<>/dev/tcp/$POD_IP/%d) 2>/dev/null || break; sleep 1; done"
)
ENVIRONMENT = (
    {"name": "HOME", "value": "/tmp"},
    {"name": "RAY_USAGE_STATS_ENABLED", "value": "0"},
    {"name": "RAY_SERVE_KV_TIMEOUT_S", "value": "10"},
    {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
)


def head_group(spec: DeploymentSpec, settings: ClusterSettings) -> dict[str, Any]:
    """Ray's own services and Serve's controller, with the scaling policy; no replica is placed here."""
    ports = {"gcs": GCS_PORT, "dashboard": DASHBOARD_PORT, "metrics": METRICS_PORT}
    if settings.upgrade is Upgrade.INCREMENTAL:
        ports["serve"] = SERVE_PORT  # KubeRay makes each cluster's Service of the head's ports
    container = _container("ray-head", settings, ports, resources(1, HEAD_BYTES))
    volumes = scratch_volumes(SMALL_SHM_BYTES)
    if spec.scaling is not None:
        volumes += [
            {"name": "goal", "configMap": {"name": object_name(spec.fleet, "goal")}},
            {"name": "scaling", "emptyDir": {}},
        ]
        container["volumeMounts"] += [
            {"name": "goal", "mountPath": _folder(GOAL_PATH), "readOnly": True},
            {"name": "scaling", "mountPath": _folder(PLACES.scaling_path)},
        ]
    needs_token = spec.scaling is not None  # of the API server, for Ray's autoscaler, whose account KubeRay makes
    pod = {
        "automountServiceAccountToken": needs_token,
        "containers": [container],
        "securityContext": POD_SECURITY,
        "volumes": volumes,
    }
    return {
        "rayStartParams": {**_start_params(), "dashboard-host": "0.0.0.0"},
        "template": {"metadata": {"labels": pod_labels(spec.fleet, Role.HEAD)}, "spec": pod},
    }


def gateway_group(spec: DeploymentSpec, settings: ClusterSettings) -> dict[str, Any]:
    """Where clients come in; Ready as long as it listens, since it holds requests until an engine can take them."""
    container = _container(
        "gateway", settings, {"serve": SERVE_PORT, "metrics": METRICS_PORT}, resources(1, GATEWAY_BYTES)
    )
    container["readinessProbe"] = http_probe("serve", "/health", PROBE_PERIOD_S, PROBE_FAILURES)
    container["lifecycle"] = _drained(SERVE_PORT)
    container["volumeMounts"] += [
        {"name": "keys", "mountPath": _folder(PLACES.keys_path), "readOnly": True},
        {"name": "admin", "mountPath": _folder(PLACES.admin_token_path), "readOnly": True},
    ]
    volumes = [
        *scratch_volumes(SMALL_SHM_BYTES),
        _secret_volume(spec, "keys", "keys.json", "keys.json"),
        _secret_volume(spec, "admin", "admin-token", "token"),
    ]
    pod = {**_serving_pod(spec), **_apart(spec), "containers": [container], "volumes": volumes}
    count = exactly(settings.num_gateways)
    return _worker_group(spec, GATEWAY, count, 0, {"labels": pod_labels(spec.fleet, Role.GATEWAY)}, pod)


def engine_group(spec: DeploymentSpec, needs: PodNeeds, profile: Profile, settings: ClusterSettings) -> dict[str, Any]:
    """The pods of a variant: each has one replica, its GPUs and its weights."""
    variant = needs.variant
    gpus = {needs.gpu_resource: variant.num_gpus} if needs.gpu_resource else {}
    ports = {"engine": ENGINE_PORT, "metrics": METRICS_PORT}
    container = _container("engine", settings, ports, resources(needs.cpu_cores, needs.memory_bytes, **gpus))
    container["startupProbe"] = _started(needs)
    container["readinessProbe"] = http_probe(_ready_port(settings), "/health", PROBE_PERIOD_S, PROBE_FAILURES)
    container["lifecycle"] = _drained(ENGINE_PORT)
    container["volumeMounts"].append(weights_mount(read_only=True))
    pod = {
        **_serving_pod(spec),
        **_where(needs),
        "initContainers": [weights_container(spec.fleet, profile, settings)],
        "containers": [container],
        "volumes": [*scratch_volumes(needs.shm_bytes), weights_volume(needs.weights_bytes, settings)],
    }
    bounds = variant.bounds or exactly(variant.num_replicas)
    labels = {"labels": pod_labels(spec.fleet, Role.ENGINE, variant.name)}
    return _worker_group(spec, variant.name, bounds, variant.num_gpus, labels, pod)


def _worker_group(
    spec: DeploymentSpec, deployment: str, bounds: ReplicaBounds, num_gpus: int, metadata: Any, pod: dict[str, Any]
) -> dict[str, Any]:
    """The count is said only where no autoscaler has it; the rest as KubeRay writes it itself."""
    count = {} if spec.scaling is not None else {"replicas": bounds.max_replicas}
    place = {"num-gpus": str(num_gpus), "resources": f"'{json.dumps({deployment: 1})}'"}
    return {
        "groupName": group_name(deployment),
        **count,
        "minReplicas": bounds.min_replicas,
        "maxReplicas": bounds.max_replicas,
        "numOfHosts": 1,
        "rayStartParams": {**_start_params(), **place},
        "scaleStrategy": {},
        "template": {"metadata": metadata, "spec": pod},
    }


def _container(name: str, settings: ClusterSettings, ports: dict[str, int], needs: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "image": settings.image,
        "env": list(ENVIRONMENT),
        "ports": [{"name": port, "containerPort": number, "protocol": "TCP"} for port, number in ports.items()],
        "resources": needs,
        "securityContext": security(),
        "volumeMounts": scratch_mounts(PLACES.log_dir),
    }


def _serving_pod(spec: DeploymentSpec) -> dict[str, Any]:
    return {
        "automountServiceAccountToken": False,
        "securityContext": POD_SECURITY,
        "serviceAccountName": object_name(spec.fleet, "engine"),
        "terminationGracePeriodSeconds": GRACE_S,
    }


def _apart(spec: DeploymentSpec) -> dict[str, Any]:
    """Gateways on several nodes, where there are several."""
    spread = {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}
    return {"topologySpreadConstraints": [{**spread, "labelSelector": pods_of(spec.fleet, Role.GATEWAY)}]}


def _start_params() -> dict[str, str]:
    return {"num-cpus": "0", "num-gpus": "0", "object-store-memory": str(OBJECT_STORE_BYTES)}


def _drained(port: int) -> dict[str, Any]:
    return {"preStop": {"exec": {"command": ["bash", "-c", PRE_STOP % port]}}}


def _started(needs: PodNeeds) -> dict[str, Any]:
    """Longer than the load was predicted to take: a pod whose engine is still not there is replaced."""
    failures = -(-int(needs.start_s) // PROBE_PERIOD_S)
    return http_probe("engine", "/health", PROBE_PERIOD_S, failures)


def _ready_port(settings: ClusterSettings) -> str | int:
    """Where KubeRay's Services go by number, an engine's pod must not be Ready for them: it has no gateway."""
    return SERVE_PORT if settings.upgrade is Upgrade.INCREMENTAL else "engine"


def _where(needs: PodNeeds) -> dict[str, Any]:
    """On nodes with the planned GPUs, whose taint keeps others away."""
    if needs.gpu_resource is None:
        return {}
    products = {"key": "nvidia.com/gpu.product", "operator": "In", "values": list(needs.products)}
    terms = {"nodeSelectorTerms": [{"matchExpressions": [products]}]}
    return {
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}},
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
    }


def _secret_volume(spec: DeploymentSpec, name: str, key: str, path: str) -> dict[str, Any]:
    secret = {"secretName": object_name(spec.fleet), "items": [{"key": key, "path": path}]}
    return {"name": name, "secret": {**secret, "defaultMode": 0o440}}


def _folder(path: str) -> str:
    return path.rpartition("/")[0]
