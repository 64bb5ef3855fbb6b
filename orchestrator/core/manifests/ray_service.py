"""The fleet's RayService (ray.io/v1, KubeRay 1.7)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from orchestrator.core.amounts import GIB
from orchestrator.core.deployment import DeploymentSpec
from orchestrator.core.manifests.manifest import Manifest, manifest
from orchestrator.core.manifests.naming import object_name, owner_labels
from orchestrator.core.manifests.pod import CONTAINER_SECURITY, resources
from orchestrator.core.manifests.pod_needs import PodNeeds
from orchestrator.core.manifests.ray_head import head_group
from orchestrator.core.manifests.ray_pod import GRACE_S
from orchestrator.core.manifests.ray_workers import engine_group, gateway_group
from orchestrator.core.manifests.settings import ClusterSettings, Upgrade
from orchestrator.core.pod_deployment import GOAL_PATH, SERVE_PORT
from orchestrator.core.profile import Profile
from orchestrator.core.serve_config import Pods, serve_config

RAY_SERVICE = ("ray.io/v1", "RayService")
RAY_VERSION = "2.60.0"
REDIS_PASSWORD = "redis-password"  # in the fleet's Secret
STEP_PERCENT, STEP_S = 10, 30  # of the incremental upgrade: requests, and how long after the step before


def ray_service(
    spec: DeploymentSpec, needs: tuple[PodNeeds, ...], profiles: Mapping[str, Profile], settings: ClusterSettings
) -> Manifest:
    """Bounds are in it, counts that an autoscaler owns are not."""
    groups = [engine_group(spec, each, profiles[each.variant.engine.profile], settings) for each in needs]
    cluster = {
        "rayVersion": RAY_VERSION,
        "authOptions": {"mode": "token"},
        **(_autoscaler() if spec.scaling else {}),
        **(_fault_tolerance(spec, settings.redis_address) if settings.redis_address else {}),
        "headGroupSpec": head_group(spec, settings),
        "workerGroupSpecs": [gateway_group(spec, settings), *groups],
    }
    content = {
        "excludeHeadPodFromServeSvc": True,
        "rayClusterConfig": cluster,
        "rayClusterDeletionDelaySeconds": GRACE_S,
        "serveConfigV2": _serve_config_text(spec, settings),
        "serveService": _serve_service(spec),
        "upgradeStrategy": _upgrade(settings),
    }
    return manifest(RAY_SERVICE, spec.fleet, "", settings, {"spec": content})


def _serve_config_text(spec: DeploymentSpec, settings: ClusterSettings) -> str:
    """JSON is YAML too, and the standard library writes it."""
    return json.dumps(serve_config(spec, Pods(settings.num_gateways, GOAL_PATH)), indent=2) + "\n"


def _serve_service(spec: DeploymentSpec) -> dict[str, Any]:
    """The endpoint; by the port's name only gateways are behind it, though engines are Ready too.

    Its empty status is what KubeRay would write, and own.
    """
    port = {"name": "serve", "port": SERVE_PORT, "protocol": "TCP", "targetPort": "serve"}
    return {
        "metadata": {"labels": owner_labels(spec.fleet)},
        "spec": {"ports": [port], "type": "ClusterIP"},
        "status": {"loadBalancer": {}},
    }


def _autoscaler() -> dict[str, Any]:
    """Ray's, which starts pods for replicas that Serve wants and ends those without."""
    return {
        "enableInTreeAutoscaling": True,
        "autoscalerOptions": {
            "version": "v2",
            "resources": resources(1, GIB),
            "securityContext": CONTAINER_SECURITY,
        },
    }


def _fault_tolerance(spec: DeploymentSpec, address: str) -> dict[str, Any]:
    """The head's state outlives it, so that replicas serve on while it restarts."""
    password = {"secretKeyRef": {"name": object_name(spec.fleet), "key": REDIS_PASSWORD}}
    return {
        "gcsFaultToleranceOptions": {
            "backend": "redis",
            "redisAddress": address,
            "redisPassword": {"valueFrom": password},
        }
    }


def _upgrade(settings: ClusterSettings) -> dict[str, Any]:
    if settings.upgrade is not Upgrade.INCREMENTAL:
        return {"type": settings.upgrade.value}
    options = {
        "gatewayClassName": settings.gateway_class,
        "intervalSeconds": STEP_S,
        "maxSurgePercent": 100,
        "stepSizePercent": STEP_PERCENT,
    }
    return {"type": settings.upgrade.value, "clusterUpgradeOptions": options}
