"""Counts of a fleet's Ray cluster made those of its RayService, from which KubeRay passes none on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from orchestrator.app.operator_ports import SharedCluster
from orchestrator.core.kuberay.counts import counts_change
from orchestrator.core.kuberay.next_cluster import cluster_that_stays
from orchestrator.core.manifests.changes import Change
from orchestrator.core.manifests.manifest import Manifest
from orchestrator.core.qwen_fleet.kind import Key, Object, key_of, words
from orchestrator.core.qwen_fleet.trouble import Reason, Trouble

AGAIN_S = 60.0  # between two times that the same counts are set, where somebody else sets others


@dataclass(frozen=True)
class _Setting:
    """Which counts were set last."""

    cluster: str
    counts: tuple[tuple[str, int], ...]
    at_s: float

    def repeats(self, last: _Setting) -> bool:
        same = (self.cluster, self.counts) == (last.cluster, last.counts)
        return same and self.at_s < last.at_s + AGAIN_S


class FleetCounts:
    """Of all fleets of a cluster."""

    def __init__(self, cluster: SharedCluster, clock: Callable[[], float], say: Callable[[str], None]) -> None:
        self._cluster, self._clock, self._say = cluster, clock, say
        self._last: dict[Key, _Setting] = {}

    def forget(self, key: Key) -> None:
        self._last.pop(key, None)

    def written(self, fleet: Object, rendered: Manifest, service: Object) -> tuple[Trouble, ...]:
        """What could not be set; `service` is the rendered RayService as it is in the cluster."""
        key = key_of(fleet)
        running = self._cluster.ray_cluster(key, cluster_that_stays(service))
        needed = counts_change(rendered, running) if running else None
        if needed is None:
            return ()
        trouble = self._set(key, needed)
        return (trouble,) if trouble else ()

    def _set(self, key: Key, needed: Change) -> Trouble | None:
        setting, last = _setting(needed, self._clock()), self._last.get(key)
        if last and setting.repeats(last):
            return _set_by_others(needed)
        self._last[key] = setting
        told = ", ".join(f"{each.path.removeprefix('spec.')} {each.old} to {each.new}" for each in needed.fields)
        self._say(f"{key}: changes {words(needed.item)}: {told}")
        return self._cluster.set_counts(needed)


def _setting(needed: Change, now_s: float) -> _Setting:
    counts = tuple((each.path, each.new) for each in needed.fields)
    return _Setting(words(needed.item), counts, now_s)


def _set_by_others(needed: Change) -> Trouble:
    metadata = needed.item["metadata"]
    show = f"kubectl get raycluster {metadata['name']} -n {metadata['namespace']} -o yaml --show-managed-fields"
    return Trouble(Reason.FIELD_CONFLICT, f"somebody else sets the counts of {words(needed.item)}", show)
