"""A cluster's fleets, their objects, nodes and pods by one watch a kind, and the writing to the same API server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from orchestrator.adapters.cluster_probe import DRA_GROUP, DRA_VERSIONS, NODES, ON_A_NODE, PODS
from orchestrator.adapters.informer import Informer, Kind, Name
from orchestrator.adapters.kubernetes_api import Conflict, KubernetesApi, Resource, resource_of
from orchestrator.adapters.watched_kinds import (
    FLEET,
    LIMITS,
    MAY_LACK,
    NOT_LEADING,
    RAY_CLUSTER,
    RENDERED,
    SERVICE,
    claimable_node,
    fleet_of,
    groups_of,
    kept,
    owner,
    pod_seen,
    ray_cluster_kept,
    trouble_of,
)
from orchestrator.core.cluster.limit_range import read_limit_range
from orchestrator.core.cluster.namespace_limits import NamespaceLimits
from orchestrator.core.cluster.node import Node, read_node
from orchestrator.core.cluster.quota import read_quota
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.kuberay.counts import patch_steps
from orchestrator.core.manifests.changes import Change
from orchestrator.core.manifests.naming import FLEET_LABEL
from orchestrator.core.qwen_fleet.event import event
from orchestrator.core.qwen_fleet.kind import API_VERSION, KIND, Key, Object, key_of
from orchestrator.core.qwen_fleet.places import Crowd, crowd
from orchestrator.core.qwen_fleet.pod_groups import PodGroup
from orchestrator.core.qwen_fleet.trouble import Trouble

SLICES = Resource("resourceslices", DRA_GROUP, DRA_VERSIONS[0])  # which a cluster may lack


@dataclass(frozen=True)
class _CrowdSeen:
    """What it was reckoned of."""

    versions: tuple[int, ...]
    crowd: Crowd


class WatchedCluster:
    """`changed` is told which fleet's own objects changed; None: something that every fleet stands on."""

    def __init__(
        self,
        api: KubernetesApi,
        namespaces: tuple[str, ...],
        changed: Callable[[Key | None], None],
        may_write: Callable[[], bool],
    ) -> None:
        self._api, self._changed, self._may_write, self.name = api, changed, may_write, api.context
        places: tuple[str | None, ...] = namespaces or (None,)
        self._kinds = {
            each: [self._of_kind(each, place) for place in places] for each in (FLEET, RAY_CLUSTER, *RENDERED, *LIMITS)
        }  # fmt: skip
        self._nodes = Informer(api, Kind(NODES, read_node), self._all_changed)
        self._pods = Informer(api, Kind(PODS, pod_seen, {"fieldSelector": ON_A_NODE}), self._all_changed)
        self._slices = Informer(api, Kind(SLICES, claimable_node), self._all_changed)
        self._seen = _CrowdSeen((), Crowd({}, {}))

    def start(self) -> None:
        for informer in self._informers():
            informer.start()

    def stop(self) -> None:
        for informer in self._informers():
            informer.stop()

    @property
    def looked(self) -> bool:
        """Whether each kind was listed once, or why it cannot be is known."""
        return all(informer.looked.is_set() for informer in self._informers())

    # -- reading

    def fleets(self) -> tuple[Object, ...]:
        found = chain.from_iterable(informer.items().values() for informer in self._kinds[FLEET])
        return tuple(sorted(found, key=lambda fleet: (fleet["metadata"].get("creationTimestamp", ""), key_of(fleet))))

    def fleet(self, key: Key) -> Object | None:
        return next((found for informer in self._kinds[FLEET] if (found := informer.get(key))), None)

    def objects(self, key: Key) -> tuple[Object, ...]:
        return tuple(
            item
            for kind in RENDERED
            for informer in self._kinds[kind]
            for (namespace, _), item in informer.items().items()
            if (namespace, fleet_of(item)) == key
        )

    def ray_cluster(self, key: Key, name: str) -> Object | None:
        found = (informer.get((key.namespace, name)) for informer in self._kinds[RAY_CLUSTER])
        return next((item for item in found if item is not None and fleet_of(item) == key.name), None)

    def nodes(self) -> tuple[Node, ...]:
        return tuple(node for _, node in sorted(self._nodes.items().items()))

    def claimable_nodes(self) -> frozenset[str]:
        return frozenset(self._slices.items().values())

    def crowd(self) -> Crowd:
        watched: tuple[Informer[Any], ...] = (self._pods, self._nodes, *self._kinds[SERVICE])
        versions = tuple(informer.version for informer in watched)
        if self._seen.versions != versions:
            self._seen = _CrowdSeen(versions, crowd(self._pods.items().values(), self.nodes(), self._wanted()))
        return self._seen.crowd

    def limits(self, namespace: str) -> NamespaceLimits:
        quotas, ranges = (self._in_namespace(kind, namespace) for kind in LIMITS)
        applying = tuple(quota for quota in map(read_quota, quotas) if quota is not None)
        return NamespaceLimits(namespace, applying, tuple(chain.from_iterable(map(read_limit_range, ranges))))

    def unseen(self) -> tuple[Trouble, ...]:
        """As `troubles`, and why fleets themselves cannot be seen."""
        fleets = (trouble_of(informer.trouble) for informer in self._kinds[FLEET] if informer.trouble)
        return (*fleets, *self.troubles())

    def troubles(self) -> tuple[Trouble, ...]:
        rendered = (each for kind in RENDERED if kind[1] not in MAY_LACK for each in self._kinds[kind])
        watched: tuple[Informer[Any], ...] = (self._nodes, self._pods, *self._kinds[RAY_CLUSTER], *rendered)
        return tuple(trouble_of(informer.trouble) for informer in watched if informer.trouble)

    def secret_exists(self, namespace: str, name: str) -> bool | None:
        """Asked by making one for show, which takes no right to read what is secret."""
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": namespace}}
        try:
            self._api.create(secret, dry_run=True)
        except Conflict:
            return True
        except EnvironmentNotReady:
            return None
        return False

    def read(self, item: Object) -> Object | None:
        metadata = item["metadata"]
        try:
            return self._api.get(resource_of(item), metadata["namespace"], metadata["name"])
        except EnvironmentNotReady:
            return None

    # -- writing

    def apply(self, item: Object, force: bool = False) -> Trouble | None:
        return self._written(lambda: self._learn(self._api.apply(item, force=force)))

    def set_counts(self, change: Change) -> Trouble | None:
        metadata, resource = change.item["metadata"], resource_of(change.item)
        steps = patch_steps(change)
        return self._written(
            lambda: self._learn(self._api.patch(resource, metadata["namespace"], metadata["name"], steps))
        )

    def delete(self, item: Object) -> Trouble | None:
        metadata = item["metadata"]
        return self._written(lambda: self._api.delete(resource_of(item), metadata["namespace"], metadata["name"]))

    def note(self, fleet: Object, reason: str, message: str) -> None:
        self._written(lambda: self._api.create(event(fleet, reason, message, time.time())))

    def tell(self, fleet: Object, status: dict[str, Any]) -> Trouble | None:
        metadata = {name: fleet["metadata"][name] for name in ("name", "namespace")}
        item = {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "status": status}
        return self._written(lambda: self._learn(self._api.apply_status(item)))

    # -- parts

    def _of_kind(self, kind: tuple[str, str], namespace: str | None) -> Informer[Object]:
        api_version, name = kind
        query = {} if kind in (FLEET, *LIMITS) else {"labelSelector": FLEET_LABEL}
        changed = {SERVICE: self._service_changed, **dict.fromkeys(LIMITS, self._all_changed)}
        resource = resource_of({"apiVersion": api_version, "kind": name})
        keep = ray_cluster_kept if kind == RAY_CLUSTER else lambda item: kept(item, api_version, name)
        return Informer(
            self._api,
            Kind(resource, keep, query, namespace),
            changed.get(kind, self._own_changed),
        )

    def _informers(self) -> Iterator[Informer[Any]]:
        yield from chain.from_iterable(self._kinds.values())
        yield from (self._nodes, self._pods, self._slices)

    def _in_namespace(self, kind: tuple[str, str], namespace: str) -> list[Object]:
        found = (item for informer in self._kinds[kind] for item in informer.items().items())
        return [item for (within, _), item in sorted(found, key=lambda each: each[0]) if within == namespace]

    def _wanted(self) -> dict[Key, tuple[PodGroup, ...]]:
        """The pods of each fleet, by what KubeRay was told."""
        services = chain.from_iterable(informer.items().values() for informer in self._kinds[SERVICE])
        return {owner(each): groups_of(each) for each in services if "deletionTimestamp" not in each["metadata"]}

    def _written(self, write: Callable[[], object]) -> Trouble | None:
        if not self._may_write():
            return NOT_LEADING
        try:
            write()
        except EnvironmentNotReady as refused:
            return trouble_of(refused)
        return None

    def _learn(self, answer: Object) -> None:
        for informer in self._kinds[answer["apiVersion"], answer["kind"]]:
            if informer.kind.namespace in (None, answer["metadata"]["namespace"]):
                informer.learn(answer)

    def _own_changed(self, name: Name, was: Object | None, found: Object | None) -> None:
        item = found or was
        assert item is not None
        self._changed(key_of(item) if item["kind"] == KIND else owner(item))

    def _service_changed(self, name: Name, was: Object | None, found: Object | None) -> None:
        """What a fleet was promised, others cannot have."""
        self._own_changed(name, was, found)
        if (was or {}).get("spec") != (found or {}).get("spec"):
            self._changed(None)

    def _all_changed(self, name: Name, was: object, found: object) -> None:
        self._changed(None)
