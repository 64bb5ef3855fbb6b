"""The objects of one fleet in one namespace, known by their labels: what is there, what would be, and their end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orchestrator.adapters.kuberay.problems import problem
from orchestrator.adapters.kubernetes_api import KubernetesApi, NotServed, Resource, resource_of
from orchestrator.adapters.kubernetes_api.transport import Object
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.kuberay.counts import counts_change, patch_steps
from orchestrator.core.kuberay.next_cluster import makes_new_cluster
from orchestrator.core.manifests.changes import Action, Change, change, object_id, removal
from orchestrator.core.manifests.fleet import KINDS
from orchestrator.core.manifests.manifest import Manifest
from orchestrator.core.manifests.naming import owner_labels
from orchestrator.core.manifests.problems import Problem
from orchestrator.core.manifests.ray_service import RAY_SERVICE

CLUSTERS = Resource("rayclusters", "ray.io", "v1")


class FleetObjects:
    """Asked of one API server."""

    def __init__(self, api: KubernetesApi, namespace: str, fleet: str) -> None:
        self._api, self._namespace = api, namespace
        self._labels = ",".join(f"{name}={value}" for name, value in owner_labels(fleet).items())

    def live(self) -> dict[str, Object]:
        """All of the kinds that are rendered, as far as they are served."""
        return {object_id(item): item for kind in KINDS for item in self._listed(*kind)}

    def proposed(self, objects: Sequence[Manifest], force: bool) -> tuple[list[Change], list[Problem]]:
        """What applying them would do, by a dry run of each; the server's refusals are problems."""
        live = self.live()
        changes: list[Change] = []
        problems: list[Problem] = []
        for item in objects:
            try:
                applied = self._api.apply(item, dry_run=True, force=force)
                changes.append(change(item, live.pop(object_id(item), None), applied))
            except EnvironmentNotReady as refused:
                problems.append(problem(refused, item))
        changes += self._counts(changes)
        return [*changes, *map(removal, live.values())], problems

    def set_counts(self, change: Change) -> None:
        """Of a Ray cluster's groups; the rest of it is KubeRay's."""
        self._api.patch(CLUSTERS, self._namespace, change.item["metadata"]["name"], patch_steps(change))

    def put(self, item: Manifest, force: bool) -> None:
        self._api.apply(item, force=force)

    def delete(self, item: Object) -> bool:
        return self._api.delete(resource_of(item), self._namespace, item["metadata"]["name"])

    def _counts(self, changes: list[Change]) -> list[Change]:
        """Of the Ray clusters that go on as they are."""
        found: list[Change | None] = []
        for each in changes:
            if each.item["kind"] == RAY_SERVICE[1] and each.action is not Action.CREATE and not makes_new_cluster(each):
                found += [counts_change(each.item, cluster) for cluster in self._clusters(each.item)]
        return [each for each in found if each is not None]

    def _clusters(self, service: Object) -> Iterator[Object]:
        made = f"ray.io/originated-from-cr-name={service['metadata']['name']},ray.io/originated-from-crd=RayService"
        items = self._api.listed(CLUSTERS, self._namespace, labelSelector=made).items
        return ({**item, "apiVersion": RAY_SERVICE[0], "kind": "RayCluster"} for item in items)

    def _listed(self, api_version: str, kind: str) -> Iterator[Object]:
        """Items of a list do not say what they are."""
        of_kind = {"apiVersion": api_version, "kind": kind}
        try:
            found = self._api.listed(resource_of(of_kind), self._namespace, labelSelector=self._labels)
        except NotServed:
            return
        yield from ({**item, **of_kind} for item in found.items)
