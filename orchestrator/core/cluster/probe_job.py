"""A Job that asks NVML on one node whose GPUs no label names; what it prints is read back from its pod's log.

It takes no GPU, so that it runs where all of them are held: the container runtime lets it see them by an environment
variable, as NVIDIA's container toolkit documents.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

LABEL = "qorch.dev/probe"
SECONDS = 60  # that NVML may take, and the image to be there
KEPT_S = 86_400  # after which the cluster deletes the Job and its log


def probe_job(node: str, image: str, namespace: str) -> dict[str, Any]:
    """The Job of a node, by whose name it is called as far as names go."""
    labels = {"app.kubernetes.io/name": "qorch", LABEL: "gpus"}
    name = f"qorch-probe-{sha256(node.encode()).hexdigest()[:10]}"
    spec = {
        "backoffLimit": 0,
        "activeDeadlineSeconds": 10 * SECONDS,
        "ttlSecondsAfterFinished": KEPT_S,
        "template": {"metadata": {"labels": labels}, "spec": _pod(node, image)},
    }
    metadata = {"name": name, "namespace": namespace, "labels": labels, "annotations": {"qorch.dev/node": node}}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec}


def _pod(node: str, image: str) -> dict[str, Any]:
    return {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": _only_on(node)}},
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": "nvml",
                "image": image,
                "command": ["python", "-m", "orchestrator.adapters.nvml", str(SECONDS)],
                "env": [
                    {"name": "NVIDIA_VISIBLE_DEVICES", "value": "all"},
                    {"name": "NVIDIA_DRIVER_CAPABILITIES", "value": "utility"},
                ],
                "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "256Mi"}},
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
            }
        ],
    }


def _only_on(node: str) -> dict[str, Any]:
    """By the node's own name, which its hostname label need not be."""
    named = {"key": "metadata.name", "operator": "In", "values": [node]}
    return {"nodeSelectorTerms": [{"matchFields": [named]}]}
