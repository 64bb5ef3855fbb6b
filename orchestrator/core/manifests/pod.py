"""What a fleet's pods have in common: Pod Security `restricted`, a root that is read only, memory of their own."""

from __future__ import annotations

from typing import Any

from orchestrator.core.manifests.quantities import memory

UID = 1000  # of Ray's images
CONTAINER_SECURITY = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
POD_SECURITY = {
    "fsGroup": UID,
    "runAsGroup": UID,
    "runAsNonRoot": True,
    "runAsUser": UID,
    "seccompProfile": {"type": "RuntimeDefault"},
}
POD = {
    "enableServiceLinks": False,  # a Service named `qorch` would set QORCH_PORT, which is an option's
    "securityContext": POD_SECURITY,
}
TMP, SHM, LOGS = "tmp", "shared-mem", "logs"


def security() -> dict[str, Any]:
    return {**CONTAINER_SECURITY, "readOnlyRootFilesystem": True}


def scratch_volumes(shm_bytes: int) -> list[dict[str, Any]]:
    """What may be written; shared memory counts as the pod's."""
    return [
        {"name": TMP, "emptyDir": {}},
        {"name": LOGS, "emptyDir": {}},
        {"name": SHM, "emptyDir": {"medium": "Memory", "sizeLimit": memory(shm_bytes)}},
    ]


def scratch_mounts(log_dir: str) -> list[dict[str, Any]]:
    return [
        {"name": TMP, "mountPath": "/tmp"},
        {"name": LOGS, "mountPath": log_dir},
        {"name": SHM, "mountPath": "/dev/shm"},
    ]


def resources(cpu_cores: int, memory_bytes: int, **devices: int) -> dict[str, Any]:
    """Memory is what was planned; of the cores more may be had while nobody else needs them."""
    exact = {"memory": memory(memory_bytes), **{name: str(count) for name, count in devices.items()}}
    return {"requests": {"cpu": str(cpu_cores), **exact}, "limits": exact}


def http_probe(port: str | int, path: str, period_s: int, failures: int) -> dict[str, Any]:
    return {
        "httpGet": {"path": path, "port": port},
        "periodSeconds": period_s,
        "timeoutSeconds": 5,
        "failureThreshold": failures,
    }
