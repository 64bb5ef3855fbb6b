"""A stand-in for KubeRay's operator: what version 1.7.0 does to a RayService, without Ray.

From its sources (ray-operator/controllers/ray/rayservice_controller.go): it adds a finalizer by an update of the whole
object, which its Go types have gone over: quantities in their shortest form, and empty `metadata`, `resources` and
`scaleStrategy` where there were none. It makes a RayCluster, and a new one beside it where the spec has changed in more
than counts and tolerations, of which it passes none on; worker groups that are added at the end it adds in place, with
all of the spec. Two services; a status. On deletion the clusters go first. Ray's autoscaler sets counts on the
RayCluster.
"""

from __future__ import annotations

import random
import threading
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from tests.kube.cluster import Cluster, Reply
from tests.kube.go_form import as_go_writes_it
from tests.kube.kinds import Object
from tests.kube.kuberay_objects import (
    HASH,
    adds_groups_alone,
    owner_reference,
    refused_status,
    service_status,
    spec_error,
    spec_hash,
)
from tests.kube.turns import going_on

MANAGER = "kuberay-operator"
FINALIZER = "ray.io/rayservice-finalizer"


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

    def running(self) -> AbstractContextManager[None]:
        """It follows all RayServices of the namespace."""
        return going_on(self._run)

    def _run(self, ended: threading.Event) -> None:
        while not ended.is_set():
            for event in self.cluster.watch(self._services(), 1):
                self.reconcile(event["object"]["metadata"]["name"])

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
        """Clusters first, then the finalizer."""
        mine = self._owned(service)
        for each in mine:
            self.cluster.call("DELETE", self._clusters(each["metadata"]["name"]))
        if mine:
            return True
        held = [each for each in service["metadata"].get("finalizers", ()) if each != FINALIZER]
        gone = {**service, "metadata": {**service["metadata"], "finalizers": held}}
        self._write("PUT", self._services(service["metadata"]["name"]), gone)
        return False

    def _follow(self, service: Object) -> bool:
        """A cluster of this spec, and the status that tells of it."""
        error = spec_error(service["spec"])
        if error:
            self._tell(service, refused_status(service, error))
            return False
        owned, wanted = self._owned(service), spec_hash(service)
        clusters = {each["metadata"]["annotations"][HASH]: each["metadata"]["name"] for each in owned}
        if wanted not in clusters:
            fewer = next((each for each in owned if adds_groups_alone(service, each)), None)
            return self._update_cluster(service, fewer, wanted) if fewer else self._create_cluster(service, wanted)
        active = service.get("status", {}).get("activeServiceStatus", {}).get("rayClusterName", "")
        serving = clusters[wanted] if self.ready else active
        pending = "" if serving == clusters[wanted] else clusters[wanted]
        for name in set(clusters.values()) - {serving, pending}:
            self.cluster.call("DELETE", self._clusters(name))
        self._tell(service, service_status(service, serving, pending, self.applications))
        self._serve_services(service)
        return False

    def _tell(self, service: Object, status: Object) -> None:
        """Writes a status that says something new."""
        if {**status, "lastUpdateTime": ""} != {**service.get("status", {}), "lastUpdateTime": ""}:
            self._write("PUT", self._services(service["metadata"]["name"]) + "/status", {**service, "status": status})

    def _create_cluster(self, service: Object, wanted: str) -> bool:
        name = f"{service['metadata']['name']}-" + "".join(random.choices("bcdfghjklmnpqrstvwxz2456789", k=5))
        origin = {"originated-from-cr-name": service["metadata"]["name"], "originated-from-crd": "RayService"}
        metadata = {
            "name": name,
            "labels": service["metadata"].get("labels", {}) | {f"ray.io/{key}": each for key, each in origin.items()},
            "annotations": {HASH: wanted},
            "ownerReferences": [owner_reference(service)],
        }
        body = {"kind": "RayCluster", "metadata": metadata, "spec": service["spec"]["rayClusterConfig"]}
        return self._write("POST", self._clusters(), {"apiVersion": "ray.io/v1", **body}).code == 201

    def _update_cluster(self, service: Object, cluster: Object, wanted: str) -> bool:
        metadata = {**cluster["metadata"], "annotations": {HASH: wanted}}
        anew = {**cluster, "metadata": metadata, "spec": service["spec"]["rayClusterConfig"]}
        return self._write("PUT", self._clusters(metadata["name"]), anew).code == 200

    def _serve_services(self, service: Object) -> None:
        for suffix, port in (("head-svc", 8265), ("serve-svc", 8000)):
            name = f"{service['metadata']['name']}-{suffix}"
            metadata = {"name": name, "ownerReferences": [owner_reference(service)]}
            spec = {"ports": [{"name": suffix.split("-")[0], "port": port, "protocol": "TCP"}]}
            if self.cluster.call("GET", self.cluster.path("services", name)).code == 404:
                body = {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}
                self._write("POST", self.cluster.path("services"), body)

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
