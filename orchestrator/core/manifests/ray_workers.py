"""The worker groups of a Ray cluster: the gateways, and each variant's engines."""

from __future__ import annotations

import json
from typing import Any

from orchestrator.core.amounts import GIB
from orchestrator.core.deployment import GATEWAY, LOOK_TOKEN, DeploymentSpec
from orchestrator.core.manifests.logs import logs_container
from orchestrator.core.manifests.naming import Role, group_name, look_secret_name, object_name, pod_labels, pods_of
from orchestrator.core.manifests.pod import POD, http_probe, resources, scratch_volumes
from orchestrator.core.manifests.pod_needs import PodNeeds
from orchestrator.core.manifests.ray_pod import (
    GRACE_S,
    METRICS_PORT,
    SMALL_SHM_BYTES,
    container,
    drained,
    folder,
    start_params,
)
from orchestrator.core.manifests.scheduling import of_engine, of_fleet
from orchestrator.core.manifests.settings import ClusterSettings, Upgrade
from orchestrator.core.manifests.weights import weights_container, weights_mount, weights_volume
from orchestrator.core.pod_deployment import ENGINE_PORT, PLACES, SERVE_PORT
from orchestrator.core.profile import Profile
from orchestrator.core.replica_bounds import ReplicaBounds, exactly

GATEWAY_BYTES = 2 * GIB
PROBE_PERIOD_S, PROBE_FAILURES = 5, 3


def gateway_group(spec: DeploymentSpec, settings: ClusterSettings) -> dict[str, Any]:
    """Where clients come in; Ready as long as it listens, since it holds requests until an engine can take them."""
    ray = container("gateway", settings, {"serve": SERVE_PORT, "metrics": METRICS_PORT}, resources(1, GATEWAY_BYTES))
    ray["readinessProbe"] = http_probe("serve", "/health", PROBE_PERIOD_S, PROBE_FAILURES)
    ray["lifecycle"] = drained(SERVE_PORT)
    ray["volumeMounts"] += [
        {"name": "keys", "mountPath": folder(PLACES.keys_path), "readOnly": True},
        {"name": "admin", "mountPath": folder(PLACES.admin_token_path), "readOnly": True},
    ]
    volumes = [
        *scratch_volumes(SMALL_SHM_BYTES),
        _keys_volume(spec),
        _tokens_volume(spec),
    ]
    pod = {**_serving_pod(spec), **of_fleet(settings), **_apart(spec), "containers": [ray], "volumes": volumes}
    count = exactly(settings.num_gateways)
    return _worker_group(spec, GATEWAY, count, 0, {"labels": pod_labels(spec.fleet, Role.GATEWAY)}, pod)


def engine_group(spec: DeploymentSpec, needs: PodNeeds, profile: Profile, settings: ClusterSettings) -> dict[str, Any]:
    """The pods of a variant: each has one replica, its GPUs and its weights."""
    variant = needs.variant
    gpus = {needs.gpus.resource: variant.num_gpus} if needs.gpus else {}
    ports = {"engine": ENGINE_PORT, "metrics": METRICS_PORT}
    ray = container("engine", settings, ports, resources(needs.cpu_cores, needs.memory_bytes, **gpus))
    ray["startupProbe"] = _started(needs)
    ray["readinessProbe"] = http_probe(_ready_port(settings), "/health", PROBE_PERIOD_S, PROBE_FAILURES)
    ray["lifecycle"] = drained(ENGINE_PORT)
    ray["volumeMounts"].append(weights_mount(read_only=True))
    pod = {
        **_serving_pod(spec),
        **of_engine(needs, settings),
        "initContainers": [weights_container(spec.fleet, profile, settings), logs_container(settings)],
        "containers": [ray],
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
        "rayStartParams": {**start_params(), **place},
        "scaleStrategy": {},
        "template": {"metadata": metadata, "spec": pod},
    }


def _serving_pod(spec: DeploymentSpec) -> dict[str, Any]:
    return {
        "automountServiceAccountToken": False,
        **POD,
        "serviceAccountName": object_name(spec.fleet, "engine"),
        "terminationGracePeriodSeconds": GRACE_S,
    }


def _apart(spec: DeploymentSpec) -> dict[str, Any]:
    """Gateways on several nodes, where there are several."""
    spread = {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}
    return {"topologySpreadConstraints": [{**spread, "labelSelector": pods_of(spec.fleet, Role.GATEWAY)}]}


def _started(needs: PodNeeds) -> dict[str, Any]:
    """Longer than the load was predicted to take: a pod whose engine is still not there is replaced."""
    failures = -(-int(needs.start_s) // PROBE_PERIOD_S)
    return http_probe("engine", "/health", PROBE_PERIOD_S, failures)


def _ready_port(settings: ClusterSettings) -> str | int:
    """Where KubeRay's Services go by number, an engine's pod must not be Ready for them: it has no gateway."""
    return SERVE_PORT if settings.upgrade is Upgrade.INCREMENTAL else "engine"


def _keys_volume(spec: DeploymentSpec) -> dict[str, Any]:
    items = [{"key": "keys.json", "path": "keys.json"}]
    return {"name": "keys", "secret": {"secretName": object_name(spec.fleet), "items": items, "defaultMode": 0o440}}


def _tokens_volume(spec: DeploymentSpec) -> dict[str, Any]:
    """That for looking is a Secret's of its own, so that it can be given to people alone; it may be missing."""
    admin = {"name": object_name(spec.fleet), "items": [{"key": "admin-token", "path": "token"}]}
    look = {"name": look_secret_name(spec.fleet), "items": [{"key": LOOK_TOKEN, "path": LOOK_TOKEN}], "optional": True}
    return {"name": "admin", "projected": {"sources": [{"secret": admin}, {"secret": look}], "defaultMode": 0o440}}
