"""How weights come to the pods that load them: once for all into a claim, or for each pod onto its own disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from shlex import quote
from typing import Any

from orchestrator.core.amounts import GIB
from orchestrator.core.deployment import DeploymentSpec
from orchestrator.core.manifests.manifest import Manifest, manifest
from orchestrator.core.manifests.naming import Role, object_name, pod_labels
from orchestrator.core.manifests.pod import POD, resources, security
from orchestrator.core.manifests.quantities import memory
from orchestrator.core.manifests.scheduling import of_fleet
from orchestrator.core.manifests.settings import ClusterSettings
from orchestrator.core.pod_deployment import MODELS, model_files, model_folder
from orchestrator.core.profile import Profile

JOB = ("batch/v1", "Job")
VOLUME = "models"
HUB_TOKEN = "hub-token"  # in the fleet's Secret, where a model is gated
DISK_SLACK = 1.1
FETCHES = 3  # of a Job, before it is given up


def weights_volume(weights_bytes: int, settings: ClusterSettings) -> dict[str, Any]:
    """For a pod; what is its own is limited, so that a node's disk is not filled."""
    if settings.model_claim is not None:
        return {"name": VOLUME, "persistentVolumeClaim": {"claimName": settings.model_claim, "readOnly": True}}
    return {"name": VOLUME, "emptyDir": {"sizeLimit": memory(int(DISK_SLACK * weights_bytes) + GIB)}}


def weights_mount(read_only: bool) -> dict[str, Any]:
    return {"name": VOLUME, "mountPath": MODELS, **({"readOnly": True} if read_only else {})}


def weights_container(fleet: str, profile: Profile, settings: ClusterSettings) -> dict[str, Any]:
    """Before an engine's pod starts: fetch, or wait until the Job has."""
    if settings.model_claim is None:
        return _fetcher(fleet, (profile,), settings)
    wait = f"until [ -e {quote(model_files(profile).model_path)} ]; do sleep 2; done"
    return {
        "name": Role.WEIGHTS.value,
        "image": settings.image,
        "command": ["sh", "-c", wait],
        "resources": resources(1, GIB),
        "securityContext": security(),
        "volumeMounts": [weights_mount(read_only=True)],
    }


def weights_job(spec: DeploymentSpec, profiles: Iterable[Profile], settings: ClusterSettings) -> Manifest:
    """Fills the claim; named after what it does, since a Job cannot be changed."""
    fetcher = _fetcher(spec.fleet, tuple(profiles), settings)
    pod = {
        "metadata": {"labels": pod_labels(spec.fleet, Role.WEIGHTS)},
        "spec": {
            **of_fleet(settings),
            "automountServiceAccountToken": False,
            "serviceAccountName": object_name(spec.fleet, "engine"),
            "restartPolicy": "OnFailure",
            **POD,
            "containers": [fetcher],
            "volumes": [
                {"name": VOLUME, "persistentVolumeClaim": {"claimName": settings.model_claim}},
                {"name": "tmp", "emptyDir": {}},
            ],
        },
    }
    digest = hashlib.sha256(json.dumps(pod, sort_keys=True).encode()).hexdigest()[:8]
    content = {"spec": {"backoffLimit": FETCHES, "template": pod}}
    return manifest(JOB, spec.fleet, f"weights-{digest}", settings, content)


def _fetcher(fleet: str, profiles: tuple[Profile, ...], settings: ClusterSettings) -> dict[str, Any]:
    """Checked as everywhere, with the hub's cache beside; a link of a settled name leads to the commit's folder."""
    token = {"secretKeyRef": {"name": object_name(fleet), "key": HUB_TOKEN, "optional": True}}
    return {
        "name": Role.WEIGHTS.value,
        "image": settings.image,
        "command": ["sh", "-ec", "\n".join(map(_fetch, profiles))],
        "env": [
            {"name": "HF_HUB_CACHE", "value": f"{MODELS}/hub"},
            {"name": "HF_TOKEN", "valueFrom": token},
            {"name": "HOME", "value": "/tmp"},
            {"name": "QORCH_HOME", "value": f"{MODELS}/qorch"},
        ],
        "resources": resources(1, 2 * GIB),
        "securityContext": security(),
        "volumeMounts": [weights_mount(read_only=False), {"name": "tmp", "mountPath": "/tmp"}],
    }


def _fetch(profile: Profile) -> str:
    """`qorch pull` prints what an engine loads; the names beside it are the hub's, from the model's folder on."""
    below = quote(f"/{profile.weights.file}") if profile.weights.file else ""
    pull = f"path=$(qorch pull --quiet {quote(profile.name)})"
    return f'below={below}\n{pull}\nln -sfn "${{path%"$below"}}" {quote(model_folder(profile))}'
