"""What the operator writes down: a service's status, who owns a cluster, and what makes a new cluster necessary."""

from __future__ import annotations

import hashlib
import json

from tests.kube.go_form import as_go_writes_it
from tests.kube.kinds import Object
from tests.kube.managers import now

HASH = "ray.io/hash-without-replicas-and-workers-to-delete"
_COUNTS = ("replicas", "minReplicas", "maxReplicas", "scaleStrategy")


def service_status(service: Object, active: str, pending: str, applications: Object) -> Object:
    endpoints = 1 if active else 0
    generation = service["metadata"]["generation"]
    before = service.get("status", {})
    conditions = [
        _condition(before, "Ready", bool(active), "NonZeroServeEndpoints" if active else "Initializing", generation),
        _condition(
            before,
            "UpgradeInProgress",
            bool(active and pending),
            "BothActivePendingClustersExist"
            if active and pending
            else "NoPendingCluster"
            if active
            else "Initializing",
            generation,
        ),
    ]
    told: Object = {"conditions": conditions, "lastUpdateTime": now(), "observedGeneration": generation}
    if active:
        told["activeServiceStatus"] = {"rayClusterName": active, "applicationStatuses": applications}
        told |= {"serviceStatus": "Running", "numServeEndpoints": endpoints}
    return {**told, **({"pendingServiceStatus": {"rayClusterName": pending}} if pending else {})}


def spec_error(spec: Object) -> str:
    """What the operator finds wrong though the definition lets it pass: of its checks, those of counts and upgrades."""
    kinds = ("NewClusterWithIncrementalUpgrade", "NewCluster", "None")
    kind = spec.get("upgradeStrategy", {}).get("type", "None")
    said = ""
    if kind not in kinds:
        options = f"{kinds[0]}, {kinds[1]}, or {kinds[2]}"
        said = f"Spec.UpgradeStrategy.Type value {kind} is invalid, valid options are {options}"
    for group in spec["rayClusterConfig"].get("workerGroupSpecs", ()):
        fewest, most = group["minReplicas"], group["maxReplicas"]
        if fewest > most:
            said = f"worker group {group['groupName']} has minReplicas {fewest} greater than maxReplicas {most}"
    return said and f"The RayService spec is invalid: {said}"


def refused_status(service: Object, error: str) -> Object:
    """The status of a service whose spec is wrong: all as it was, but not ready."""
    before = service.get("status", {})
    condition = _condition(before, "Ready", False, "ValidationFailed", service["metadata"]["generation"])
    others = [each for each in before.get("conditions", ()) if each["type"] != "Ready"]
    return {**before, "conditions": [{**condition, "message": error}, *others], "lastUpdateTime": now()}


def owner_reference(service: Object) -> Object:
    told = {name: service["metadata"][name] for name in ("name", "uid")}
    return {"apiVersion": "ray.io/v1", "kind": "RayService", **told, "controller": True, "blockOwnerDeletion": True}


def spec_hash(service: Object) -> str:
    """Of all but the counts and the tolerations, which change without a new cluster."""
    config = as_go_writes_it(service["spec"])["rayClusterConfig"]
    for group in (config["headGroupSpec"], *config.get("workerGroupSpecs", ())):
        for name in ("tolerations", "schedulingGates"):
            group["template"].get("spec", {}).pop(name, None)
    groups = [
        {name: each for name, each in group.items() if name not in _COUNTS}
        for group in config.get("workerGroupSpecs", ())
    ]
    return hashlib.sha1(json.dumps({**config, "workerGroupSpecs": groups}, sort_keys=True).encode()).hexdigest()


def adds_groups_alone(service: Object, cluster: Object) -> bool:
    """Whether the spec is that which a cluster was made of, but for worker groups after its own."""
    config = service["spec"]["rayClusterConfig"]
    groups = config.get("workerGroupSpecs", [])[: len(cluster["spec"].get("workerGroupSpecs", []))]
    fewer = {**service, "spec": {**service["spec"], "rayClusterConfig": {**config, "workerGroupSpecs": groups}}}
    return bool(cluster["metadata"]["annotations"][HASH] == spec_hash(fewer))


def _condition(before: Object, kind: str, holds: bool, reason: str, generation: int) -> Object:
    """A condition; the time of its last transition stays while its status does."""
    status = "True" if holds else "False"
    known = next((each for each in before.get("conditions", ()) if each["type"] == kind), {})
    since = known["lastTransitionTime"] if known.get("status") == status else now()
    told = {"type": kind, "status": status, "reason": reason, "message": reason, "lastTransitionTime": since}
    return {**told, "observedGeneration": generation}
