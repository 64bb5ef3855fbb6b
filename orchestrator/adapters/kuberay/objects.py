"""The objects of one fleet in one namespace, known by their labels: what is there, what would be, and their end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orchestrator.adapters.kuberay.problems import problem
from orchestrator.adapters.kubernetes_api import KubernetesApi, NotServed, resource_of
from orchestrator.adapters.kubernetes_api.transport import Object
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.manifests.changes import Change, change, object_id, removal
from orchestrator.core.manifests.fleet import KINDS
from orchestrator.core.manifests.manifest import Manifest
from orchestrator.core.manifests.naming import owner_labels
from orchestrator.core.manifests.problems import Problem


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
        return [*changes, *map(removal, live.values())], problems

    def put(self, item: Manifest, force: bool) -> None:
        self._api.apply(item, force=force)

    def delete(self, item: Object) -> bool:
        return self._api.delete(resource_of(item), self._namespace, item["metadata"]["name"])

    def _listed(self, api_version: str, kind: str) -> Iterator[Object]:
        """Items of a list do not say what they are."""
        of_kind = {"apiVersion": api_version, "kind": kind}
        try:
            found = self._api.listed(resource_of(of_kind), self._namespace, labelSelector=self._labels)
        except NotServed:
            return
        yield from ({**item, **of_kind} for item in found.items)
