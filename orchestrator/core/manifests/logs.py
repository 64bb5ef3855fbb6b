"""An engine's log where `kubectl logs` finds it: its file, printed by a container beside it."""

from __future__ import annotations

from typing import Any

from orchestrator.core.engine_spec import POD_LOG
from orchestrator.core.manifests.pod import LOGS, security
from orchestrator.core.manifests.settings import ClusterSettings
from orchestrator.core.pod_deployment import PLACES

CONTAINER = "logs"
# The first process of a container ends on a signal only if it says so; what an engine says last is printed before.
FOLLOW = "trap 'exit 0' TERM; tail -n +1 -F {path} 2>/dev/null & wait"
NEEDS = {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "32Mi"}}


def logs_container(settings: ClusterSettings) -> dict[str, Any]:
    """A sidecar (an init container that stays): it starts before the engine and ends after it."""
    return {
        "name": CONTAINER,
        "image": settings.image,
        "command": ["sh", "-c", FOLLOW.format(path=f"{PLACES.log_dir}/{POD_LOG}")],
        "resources": NEEDS,
        "restartPolicy": "Always",
        "securityContext": security(),
        "volumeMounts": [{"name": LOGS, "mountPath": PLACES.log_dir, "readOnly": True}],
    }
