"""The head of a Ray cluster, which serves nothing."""

from __future__ import annotations

from typing import Any

from orchestrator.core.amounts import GIB
from orchestrator.core.deployment import DeploymentSpec
from orchestrator.core.manifests.naming import Role, object_name, pod_labels
from orchestrator.core.manifests.pod import POD, resources, scratch_volumes
from orchestrator.core.manifests.ray_pod import METRICS_PORT, SMALL_SHM_BYTES, container, folder, start_params
from orchestrator.core.manifests.scheduling import of_fleet
from orchestrator.core.manifests.settings import ClusterSettings, Upgrade
from orchestrator.core.pod_deployment import GOAL_PATH, PLACES, SERVE_PORT

HEAD_BYTES = 4 * GIB
GCS_PORT, DASHBOARD_PORT = 6379, 8265


def head_group(spec: DeploymentSpec, settings: ClusterSettings) -> dict[str, Any]:
    """Ray's own services and Serve's controller, with the scaling policy; no replica is placed here."""
    ports = {"gcs": GCS_PORT, "dashboard": DASHBOARD_PORT, "metrics": METRICS_PORT}
    if settings.upgrade is Upgrade.INCREMENTAL:
        ports["serve"] = SERVE_PORT  # KubeRay makes each cluster's Service of the head's ports
    ray = container("ray-head", settings, ports, resources(1, HEAD_BYTES))
    volumes = scratch_volumes(SMALL_SHM_BYTES)
    if spec.scaling is not None:
        volumes += [
            {"name": "goal", "configMap": {"name": object_name(spec.fleet, "goal")}},
            {"name": "scaling", "emptyDir": {}},
        ]
        ray["volumeMounts"] += [
            {"name": "goal", "mountPath": folder(GOAL_PATH), "readOnly": True},
            {"name": "scaling", "mountPath": folder(PLACES.scaling_path)},
        ]
    needs_token = spec.scaling is not None  # of the API server, for Ray's autoscaler, whose account KubeRay makes
    pod = {
        **of_fleet(settings),
        "automountServiceAccountToken": needs_token,
        "containers": [ray],
        **POD,
        "volumes": volumes,
    }
    return {
        "rayStartParams": {**start_params(), "dashboard-host": "0.0.0.0"},
        "template": {"metadata": {"labels": pod_labels(spec.fleet, Role.HEAD)}, "spec": pod},
    }
