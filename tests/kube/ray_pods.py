"""The pods of Ray clusters: as KubeRay makes them of worker groups, and as a kubelet tells of them.

As many of a group as its count says, or its least; with labels from the template; each Ready, unless a test says what
keeps the pods of a role from it. They go with their cluster, which owns them.
"""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from tests.kube.kinds import Object
from tests.kube.server import ApiServer
from tests.kube.store import Key
from tests.kube.turns import going_on

ROLE = "qorch.dev/role"
WELL = [{"type": each, "status": "True"} for each in ("PodScheduled", "Initialized", "ContainersReady", "Ready")]
PERIOD_S = 0.02


@dataclass
class RayPods:
    """`troubles` has the status of pods by role, in the place of a Ready one's.

    All have one `address`, but for those that `addresses` names, by their group and number in it: `GROUP-0`.
    """

    server: ApiServer
    namespace: str
    troubles: dict[str, Object] = field(default_factory=dict)
    address: str = "127.0.0.1"
    node: str = ""  # that all of them are put on; empty: none is told
    addresses: dict[str, str] = field(default_factory=dict)

    def following(self) -> AbstractContextManager[None]:
        return going_on(self._run)

    def step(self) -> None:
        """Has each cluster's pods be as they should."""
        with self.server.store.changed:
            for key, item in list(self.server.store.everything()):
                if key.plural == "rayclusters" and key.namespace == self.namespace:
                    self._follow(item)

    def _run(self, ended: threading.Event) -> None:
        while not ended.wait(PERIOD_S):
            self.step()

    def _follow(self, cluster: Object) -> None:
        spec = cluster["spec"]
        wanted = {"head": spec["headGroupSpec"]["template"]}
        for group in spec.get("workerGroupSpecs", ()):
            for number in range(max(group.get("replicas", 0), group["minReplicas"])):
                wanted[f"{group['groupName']}-{number}"] = group["template"]
        for name, template in wanted.items():
            self._pod(cluster, name, template)
        prefix = f"{cluster['metadata']['name']}-"
        for key, _ in list(self.server.store.everything()):
            if key.plural == "pods" and key.name.startswith(prefix) and key.name.removeprefix(prefix) not in wanted:
                self.server.store.remove(key)

    def _pod(self, cluster: Object, name: str, template: Object) -> None:
        labels = template["metadata"]["labels"]
        address = self.addresses.get(name, self.address)
        status = self.troubles.get(labels[ROLE], {"phase": "Running", "conditions": WELL, "podIP": address})
        of_cluster = {name: cluster["metadata"][name] for name in ("name", "uid")}
        metadata = {
            "name": f"{cluster['metadata']['name']}-{name}",
            "namespace": self.namespace,
            "labels": labels,
            "ownerReferences": [{"apiVersion": "ray.io/v1", "kind": "RayCluster", **of_cluster}],
        }
        spec = {**template["spec"], **({"nodeName": self.node} if self.node else {})}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status}
        there = self.server.store.get(Key("", "pods", self.namespace, metadata["name"]))
        if there is None or there["status"] != status:
            self.server.put(pod)
