"""What the pods of a Ray cluster have in common, and how those that serve end."""

from __future__ import annotations

from typing import Any

from orchestrator.core.amounts import GIB
from orchestrator.core.deployment import DRAIN_S
from orchestrator.core.manifests.pod import scratch_mounts, security
from orchestrator.core.manifests.settings import ClusterSettings
from orchestrator.core.pod_deployment import PLACES

OBJECT_STORE_BYTES = 80_000_000  # Ray's least is 75 MB; qorch keeps nothing in it
SMALL_SHM_BYTES = GIB // 4
METRICS_PORT = 8080
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


def container(name: str, settings: ClusterSettings, ports: dict[str, int], needs: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "image": settings.image,
        "env": list(ENVIRONMENT),
        "ports": [{"name": port, "containerPort": number, "protocol": "TCP"} for port, number in ports.items()],
        "resources": needs,
        "securityContext": security(),
        "volumeMounts": scratch_mounts(PLACES.log_dir),
    }


def start_params() -> dict[str, str]:
    return {"num-cpus": "0", "num-gpus": "0", "object-store-memory": str(OBJECT_STORE_BYTES)}


def drained(port: int) -> dict[str, Any]:
    return {"preStop": {"exec": {"command": ["bash", "-c", PRE_STOP % port]}}}


def folder(path: str) -> str:
    return path.rpartition("/")[0]
