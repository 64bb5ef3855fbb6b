"""A fleet's objects made what they are rendered as; what others hold on to is told, not fought for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from orchestrator.app.operator_ports import SharedCluster
from orchestrator.core.manifests.manifest import Manifest
from orchestrator.core.qwen_fleet.kind import Key, Object, key_of, words
from orchestrator.core.qwen_fleet.trouble import Reason, Trouble
from orchestrator.core.qwen_fleet.writes import Writes, needed_writes, only_edits, owned

RESTORE_S = 60.0  # an object is taken back from whoever edits it no more often


class FleetWriting:
    """Of all fleets of a cluster."""

    def __init__(self, cluster: SharedCluster, clock: Callable[[], float], say: Callable[[str], None]) -> None:
        self._cluster, self._clock, self._say = cluster, clock, say
        self._restored_s: dict[tuple[Key, str], float] = {}

    def written(self, fleet: Object, rendered: Iterable[Manifest], live: tuple[Object, ...]) -> tuple[Trouble, ...]:
        """What could not be written; empty where all is as it should be."""
        needed = needed_writes(owned(rendered, fleet), live, fleet)
        if needed.foreign:
            return (_not_ours(needed.foreign[0]),)
        troubles = tuple(self._applied(fleet, needed))
        return troubles or tuple(self._deleted(fleet, needed))

    def _applied(self, fleet: Object, needed: Writes) -> Iterator[Trouble]:
        for each in needed.apply:
            yield from self._apply(fleet, each)
        for each in needed.restore:
            self._note(fleet, "Restored", f"{words(each)} was changed, and is made again what it was")
            yield from self._apply(fleet, each)

    def _deleted(self, fleet: Object, needed: Writes) -> Iterator[Trouble]:
        """Not before all the rest is there."""
        for each in needed.delete:
            self._note(fleet, "Deleted", f"deletes {words(each)}, which is no longer needed")
            if trouble := self._cluster.delete(each):
                yield trouble

    def _apply(self, fleet: Object, item: Manifest) -> Iterator[Trouble]:
        """What people edited by hand comes back; what others apply is theirs until they give it up."""
        trouble = self._cluster.apply(item)
        if trouble is not None and self._may_take_back(fleet, item, trouble):
            self._note(fleet, "TakenBack", f"{words(item)} was edited by {', '.join(trouble.owners)}")
            trouble = self._cluster.apply(item, force=True)
        if trouble is not None:
            yield trouble

    def _may_take_back(self, fleet: Object, item: Manifest, trouble: Trouble) -> bool:
        if trouble.reason is not Reason.FIELD_CONFLICT:
            return False
        at, now_s = (key_of(fleet), words(item)), self._clock()
        live = self._cluster.read(item)
        if now_s < self._restored_s.get(at, 0.0) + RESTORE_S or live is None or not only_edits(live, trouble.owners):
            return False
        self._restored_s[at] = now_s
        return True

    def _note(self, fleet: Object, reason: str, message: str) -> None:
        self._say(f"{key_of(fleet)}: {message}")
        self._cluster.note(fleet, reason, message)


def _not_ours(item: Object) -> Trouble:
    owners = [words({"kind": each["kind"], "metadata": each}) for each in item["metadata"].get("ownerReferences") or ()]
    whose = f"belongs to {', '.join(owners)}" if owners else "was not made by a QwenFleet"
    delete = f"kubectl delete {item['kind'].lower()} {item['metadata']['name']} -n {item['metadata']['namespace']}"
    return Trouble(Reason.NOT_OURS, f"{words(item)} is there already and {whose}", delete)
