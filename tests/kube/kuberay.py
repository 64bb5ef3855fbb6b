"""A stand-in for KubeRay's operator: what version 1.7.0 does to a RayService, without Ray.

From its sources (ray-operator/controllers/ray/rayservice_controller.go): it adds a finalizer by an update of the whole
object, which its Go types have gone over: quantities in their shortest form, and empty `metadata`, `resources` and
`scaleStrategy` where there were none. It makes a RayCluster, and a new one beside it where the spec has changed in more
than counts; two services; a status. On deletion the clusters go first. Ray's autoscaler sets counts on the RayCluster.
"""

from __future__ import annotations

import copy
import hashlib
import json
import random
from dataclasses import dataclass, field
from typing import Any

from tests.kube.cluster import Cluster, Reply
from tests.kube.kinds import Object
from tests.kube.managers import now
from tests.kube.quantities import canonical

MANAGER = "kuberay-operator"
FINALIZER = "ray.io/rayservice-finalizer"
_HASH = "ray.io/hash-without-replicas-and-workers-to-delete"
_COUNTS = ("replicas", "minReplicas", "maxReplicas", "scaleStrategy")


def as_go_writes_it(spec: Object) -> Object:
    """A RayService's spec after a round through the operator's types."""
    spec = copy.deepcopy(spec)
    config = spec["rayClusterConfig"]
    _template(config["headGroupSpec"]["template"])
    for group in config.get("workerGroupSpecs", ()):
        group.setdefault("scaleStrategy", {})
        _template(group["template"])
    return spec


def _template(template: Object) -> None:
    template.setdefault("metadata", {})
    pod = template.get("spec", {})
    for container in (*pod.get("containers", ()), *pod.get("initContainers", ())):
        resources = container.setdefault("resources", {})
        for name in ("limits", "requests"):
            if name in resources:
                resources[name] = {what: canonical(amount) for what, amount in resources[name].items()}
    for volume in pod.get("volumes", ()):
        if "sizeLimit" in (volume.get("emptyDir") or {}):
            volume["emptyDir"]["sizeLimit"] = canonical(volume["emptyDir"]["sizeLimit"])


@dataclass
class KubeRay:
    """The operator; a test calls `reconcile` when it is the operator's turn."""

    cluster: Cluster
    ready: bool = True
    applications: Object = field(default_factory=dict)

    def reconcile(self, name: str) -> None:
        """All that the operator does about one RayService until there is nothing left to do."""
        while self._step(name):
            pass

    def autoscale(self, cluster_name: str, group: int, replicas: int) -> None:
        """What Ray's autoscaler does to a worker group."""
        steps = [{"op": "replace", "path": f"/spec/workerGroupSpecs/{group}/replicas", "value": replicas}]
        self.cluster.ok("PATCH", self._clusters(cluster_name), steps, "application/json-patch+json", fieldManager="ray")

    def _step(self, name: str) -> bool:
        found = self.cluster.call("GET", self._services(name))
        if found.code == 404:
            return False
        service = found.body
        if "deletionTimestamp" in service["metadata"]:
            return self._finish(service)
        if FINALIZER not in service["metadata"].get("finalizers", ()):
            metadata = {**service["metadata"], "finalizers": [FINALIZER]}
            spec = as_go_writes_it(service["spec"])
            return self._write("PUT", self._services(name), {**service, "metadata": metadata, "spec": spec}).code == 200
        return self._follow(service)

    def _finish(self, service: Object) -> bool:
        name = service["metadata"]["name"]
        mine = self._owned(service)
        for each in mine:
            self.cluster.call("DELETE", self._clusters(each["metadata"]["name"]))
        held = [each for each in service["metadata"].get("finalizers", ()) if each != FINALIZER]
        if not mine and FINALIZER in service["metadata"].get("finalizers", ()):
            self._write(
                "PUT", self._services(name), {**service, "metadata": {**service["metadata"], "finalizers": held}}
            )
            return False
        return bool(mine)

    def _follow(self, service: Object) -> bool:
        """A cluster of this spec, and the status that tells of it."""
        status = service.get("status", {})
        clusters = {each["metadata"]["name"]: each for each in self._owned(service)}
        active = status.get("activeServiceStatus", {}).get("rayClusterName", "")
        wanted = _hash(service)
        current = next(
            (name for name, each in clusters.items() if each["metadata"]["annotations"][_HASH] == wanted), ""
        )
        if not current:
            self._create_cluster(service, wanted)
            return True
        serving = current if self.ready else active
        told = self._status(service, serving, "" if serving == current else current)
        for name in clusters.keys() - {serving, current}:
            self.cluster.call("DELETE", self._clusters(name))
        if {**told, "lastUpdateTime": ""} != {**status, "lastUpdateTime": ""}:
            path = self._services(service["metadata"]["name"]) + "/status"
            self._write("PUT", path, {**service, "status": told})
        self._serve_services(service)
        return False

    def _status(self, service: Object, active: str, pending: str) -> Object:
        endpoints = 1 if active else 0
        generation = service["metadata"]["generation"]
        before = service.get("status", {})
        conditions = [
            _condition(
                before, "Ready", bool(active), "NonZeroServeEndpoints" if active else "Initializing", generation
            ),
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
            told["activeServiceStatus"] = {"rayClusterName": active, "applicationStatuses": self.applications}
            told |= {"serviceStatus": "Running", "numServeEndpoints": endpoints}
        return {**told, **({"pendingServiceStatus": {"rayClusterName": pending}} if pending else {})}

    def _create_cluster(self, service: Object, wanted: str) -> None:
        name = f"{service['metadata']['name']}-" + "".join(random.choices("bcdfghjklmnpqrstvwxz2456789", k=5))
        labels = {
            **service["metadata"].get("labels", {}),
            "ray.io/originated-from-cr-name": service["metadata"]["name"],
            "ray.io/originated-from-crd": "RayService",
        }
        metadata = {
            "name": name,
            "labels": labels,
            "annotations": {_HASH: wanted},
            "ownerReferences": [_owner(service)],
        }
        self._create("RayCluster", self._clusters(), metadata, service["spec"]["rayClusterConfig"], "ray.io/v1")

    def _serve_services(self, service: Object) -> None:
        for suffix, port in (("head-svc", 8265), ("serve-svc", 8000)):
            name = f"{service['metadata']['name']}-{suffix}"
            metadata = {"name": name, "ownerReferences": [_owner(service)]}
            spec = {"ports": [{"name": suffix.split("-")[0], "port": port, "protocol": "TCP"}]}
            if self.cluster.call("GET", self.cluster.path("services", name)).code == 404:
                self._create("Service", self.cluster.path("services"), metadata, spec, "v1")

    def _create(self, kind: str, path: str, metadata: Object, spec: Object, api_version: str) -> None:
        self._write("POST", path, {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec})

    def _write(self, method: str, path: str, body: Any) -> Reply:
        return self.cluster.call(method, path, body, fieldManager=MANAGER)

    def _owned(self, service: Object) -> list[Object]:
        found = self.cluster.ok("GET", self._clusters())["items"]
        uid = service["metadata"]["uid"]
        return [each for each in found if any(o["uid"] == uid for o in each["metadata"].get("ownerReferences", ()))]

    def _services(self, name: str = "") -> str:
        return self.cluster.path("rayservices", name, "ray.io/v1")

    def _clusters(self, name: str = "") -> str:
        return self.cluster.path("rayclusters", name, "ray.io/v1")


def _owner(service: Object) -> Object:
    told = {name: service["metadata"][name] for name in ("name", "uid")}
    return {"apiVersion": "ray.io/v1", "kind": "RayService", **told, "controller": True, "blockOwnerDeletion": True}


def _hash(service: Object) -> str:
    """Of all but the counts, which change without a new cluster."""
    config = as_go_writes_it(service["spec"])["rayClusterConfig"]
    groups = [
        {name: each for name, each in group.items() if name not in _COUNTS}
        for group in config.get("workerGroupSpecs", ())
    ]
    return hashlib.sha1(json.dumps({**config, "workerGroupSpecs": groups}, sort_keys=True).encode()).hexdigest()


def _condition(before: Object, kind: str, holds: bool, reason: str, generation: int) -> Object:
    """A condition; the time of its last transition stays while its status does."""
    status = "True" if holds else "False"
    known = next((each for each in before.get("conditions", ()) if each["type"] == kind), {})
    since = known["lastTransitionTime"] if known.get("status") == status else now()
    told = {"type": kind, "status": status, "reason": reason, "message": reason, "lastTransitionTime": since}
    return {**told, "observedGeneration": generation}
