"""A RayService's status, as KubeRay 1.7 writes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.core.serve_config import APPLICATION

INVALID = "ValidationFailed"


@dataclass(frozen=True)
class ServiceSeen:
    """What KubeRay tells of a fleet at one moment."""

    application: str  # as Ray Serve says: RUNNING, DEPLOY_FAILED …; empty where KubeRay knows nothing of it yet
    application_message: str
    ready: bool
    reason: str  # of the condition `Ready`; empty before KubeRay has seen the service
    message: str
    settled: bool  # KubeRay has seen what was applied last, and replaces no Ray cluster


def read_service(item: Mapping[str, Any]) -> ServiceSeen:
    """The status of the Ray cluster that serves, or before there is one of that which will."""
    status = item.get("status") or {}
    conditions = {each["type"]: each for each in status.get("conditions") or ()}
    ready, upgrade = conditions.get("Ready", {}), conditions.get("UpgradeInProgress", {})
    application = _application(status.get("activeServiceStatus")) or _application(status.get("pendingServiceStatus"))
    seen = status.get("observedGeneration") == item["metadata"].get("generation")
    return ServiceSeen(
        application=application.get("status", ""),
        application_message=_message(application),
        ready=ready.get("status") == "True",
        reason=ready.get("reason", ""),
        message=ready.get("message", ""),
        settled=seen and upgrade.get("status") != "True",
    )


def _application(cluster: Mapping[str, Any] | None) -> Mapping[str, Any]:
    found: Mapping[str, Any] = ((cluster or {}).get("applicationStatuses") or {}).get(APPLICATION) or {}
    return found


def _message(application: Mapping[str, Any]) -> str:
    """The application's and those of its deployments."""
    deployments = (application.get("serveDeploymentStatuses") or {}).values()
    said = [application.get("message"), *(each.get("message") for each in deployments)]
    return "\n".join(each for each in said if each)
