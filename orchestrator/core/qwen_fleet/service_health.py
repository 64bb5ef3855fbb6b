"""What KubeRay says of a RayService (KubeRay 1.7 `status.conditions`), in our words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.core.qwen_fleet.kind import Object

FAILED = ("InitializingTimeout", "ValidationFailed", "ZeroServeEndpoints")


@dataclass(frozen=True)
class Health:
    """`progressing` is what waits for KubeRay, Ray or pods."""

    ready: bool
    progressing: bool
    reason: str
    message: str
    endpoints: int = 0


def health(service: Object | None) -> Health:
    """Of a RayService as it is; None: there is none yet."""
    if service is None:
        return Health(False, True, "NotCreated", "there is no RayService yet")
    said = service.get("status") or {}
    ready, upgrade = _condition(said, "Ready"), _condition(said, "UpgradeInProgress")
    endpoints = int(said.get("numServeEndpoints") or 0)
    if (
        said.get("observedGeneration", 0) < service["metadata"].get("generation", 1)
        and ready.get("reason") not in FAILED
    ):
        return Health(
            ready.get("status") == "True", True, "NotObserved", "KubeRay has not seen this version yet", endpoints
        )
    if upgrade.get("status") == "True":
        told = str(upgrade.get("message", ""))
        return Health(ready.get("status") == "True", True, "UpgradeInProgress", told, endpoints)
    return _settled(ready, endpoints)


def _settled(ready: Mapping[str, Any], endpoints: int) -> Health:
    reason, told = str(ready.get("reason", "Initializing")), str(ready.get("message", "KubeRay has said nothing yet"))
    holds = ready.get("status") == "True"
    return Health(holds, not holds and reason not in FAILED, reason, told, endpoints)


def _condition(said: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    return next((each for each in said.get("conditions") or () if each.get("type") == kind), {})
