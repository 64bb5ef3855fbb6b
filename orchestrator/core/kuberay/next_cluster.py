"""What of a RayService's changes KubeRay 1.7 answers with another Ray cluster, and what waits for one.

(ray-operator/controllers/ray/utils/util.go, `GenerateHashWithoutReplicasAndWorkersToDelete`.)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.core.kuberay.counts import COUNTS
from orchestrator.core.manifests.changes import Change

Object = Mapping[str, Any]
CONFIG = "spec.rayClusterConfig."
COUNT = re.compile(rf"workerGroupSpecs\[\d+\]\.({'|'.join(COUNTS)})")
TOLERATION = re.compile(r"(headGroupSpec|workerGroupSpecs\[\d+\])\.template\.spec\.tolerations(\[.*)?")


def makes_new_cluster(service: Change) -> bool:
    """Whether KubeRay answers a change of a RayService with another Ray cluster, which is made as it says then."""
    return any(not COUNT.fullmatch(path) and not TOLERATION.fullmatch(path) for path in _changed(service))


def waits_for_new_cluster(service: Change) -> bool:
    """Whether it changes tolerations, and the Ray cluster that runs goes on without them."""
    return not makes_new_cluster(service) and any(TOLERATION.fullmatch(path) for path in _changed(service))


def tolerates_otherwise(service: Object, cluster: Object) -> bool:
    """Whether a Ray cluster's groups have other tolerations than its rendered RayService says for them."""
    wanted, running = _tolerations(service["spec"]["rayClusterConfig"]), _tolerations(cluster["spec"])
    return any(running[name] != wanted[name] for name in running.keys() & wanted.keys())


def cluster_that_stays(service: Object) -> str:
    """The Ray cluster that KubeRay keeps for a RayService as it is; empty before it has decided that."""
    status = service.get("status") or {}
    if status.get("observedGeneration") != service["metadata"].get("generation"):
        return ""
    told = (status.get(name) or {} for name in ("pendingServiceStatus", "activeServiceStatus"))
    return next((str(each["rayClusterName"]) for each in told if each.get("rayClusterName")), "")


def _tolerations(spec: Object) -> dict[str, Any]:
    """By group; the head's has no name."""
    workers = {each["groupName"]: each for each in spec.get("workerGroupSpecs") or ()}
    groups = {"": spec.get("headGroupSpec") or {}, **workers}
    return {name: _of_pod(group).get("tolerations") or [] for name, group in groups.items()}


def _of_pod(group: Object) -> Object:
    return (group.get("template") or {}).get("spec") or {}


def _changed(service: Change) -> Iterator[str]:
    """Fields of the Ray cluster's own settings."""
    return (each.path.removeprefix(CONFIG) for each in service.fields if each.path.startswith(CONFIG))
