"""Counts of a Ray cluster that runs: KubeRay 1.7 passes on none that change in its RayService, which it does not hash.

(ray-operator/controllers/ray/rayservice_controller.go, `shouldUpdateCluster`; utils/util.go,
`GenerateHashWithoutReplicasAndWorkersToDelete`.) A cluster that is made anew has them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.core.manifests.changes import ABSENT, Action, Change, FieldChange

Object = Mapping[str, Any]
COUNTS = ("replicas", "minReplicas", "maxReplicas")


def counts_change(service: Object, cluster: Object) -> Change | None:
    """What a Ray cluster's groups lack of the counts that its rendered RayService says; None where nothing."""
    wanted = {each["groupName"]: each for each in service["spec"]["rayClusterConfig"]["workerGroupSpecs"]}
    groups = cluster["spec"].get("workerGroupSpecs") or []
    found = tuple(
        difference
        for place, group in enumerate(groups)
        for difference in _differences(f"spec.workerGroupSpecs[{place}]", group, wanted.get(group["groupName"], {}))
    )
    return Change(Action.CHANGE, cluster, found) if found else None


def patch_steps(change: Change) -> list[dict[str, Any]]:
    """As a JSON patch, which fails where the groups have moved meanwhile."""
    groups = change.item["spec"]["workerGroupSpecs"]
    names = [
        {"op": "test", "path": f"/spec/workerGroupSpecs/{place}/groupName", "value": group["groupName"]}
        for place, group in enumerate(groups)
    ]
    return names + [{"op": "add", "path": _pointer(each.path), "value": each.new} for each in change.fields]


def _differences(path: str, group: Object, wanted: Object) -> Iterator[FieldChange]:
    """A count that an autoscaler owns is not in `wanted`."""
    for name in COUNTS:
        if name in wanted and group.get(name) != wanted[name]:
            yield FieldChange(f"{path}.{name}", group.get(name, ABSENT), wanted[name])


def _pointer(path: str) -> str:
    return "/" + "/".join(filter(None, re.split(r"[.\[\]]", path)))
