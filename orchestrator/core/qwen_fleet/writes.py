"""What has to be written so that a fleet's objects are as they are rendered: nothing where they are so already.

Told of what is kept in memory, without asking the API server; what applying would change, as the server itself says
it to people, is `orchestrator.core.manifests.changes`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from orchestrator.core.manifests.manifest import Manifest
from orchestrator.core.qwen_fleet.kind import Object, is_owned, owner_reference

APPLIED = (
    "qorch.dev/applied"  # digest of what was applied last: tells a field that is left out from one that others set
)


@dataclass(frozen=True)
class Writes:
    """In the order in which they are to be done."""

    apply: tuple[Manifest, ...]  # not there, or not as it was rendered
    restore: tuple[Manifest, ...]  # as it was rendered last, but that somebody changed it since
    delete: tuple[Object, ...]  # no longer rendered
    foreign: tuple[Object, ...]  # have a name of ours, and are not this fleet's


def owned(rendered: Iterable[Manifest], fleet: Object) -> tuple[Manifest, ...]:
    """Each with its owner and its digest."""
    return tuple(_owned(each, fleet) for each in rendered)


def needed_writes(wanted: tuple[Manifest, ...], live: Iterable[Object], fleet: Object) -> Writes:
    """Of objects that were made `owned`, beside what there is with the fleet's label."""
    there = {_name(each): each for each in live}
    names = {_name(each) for each in wanted}
    foreign = [each for name, each in there.items() if name in names and not is_owned(each, fleet)]
    differing = [each for each in wanted if not _is_so(each, there.get(_name(each)))]
    edited = [each for each in differing if _digest_of(there.get(_name(each))) == _digest_of(each)]
    return Writes(
        apply=tuple(each for each in differing if each not in edited),
        restore=tuple(edited),
        delete=tuple(each for name, each in there.items() if name not in names and is_owned(each, fleet)),
        foreign=tuple(foreign),
    )


def only_edits(live: Object, owners: Iterable[str]) -> bool:
    """Whether those who own fields of an object changed them by hand, rather than by applying what they declare."""
    declared = {
        each.get("manager") for each in live["metadata"].get("managedFields") or () if each.get("operation") == "Apply"
    }
    named = set(owners)
    return bool(named) and not named & declared


def _owned(rendered: Manifest, fleet: Object) -> Manifest:
    digest = hashlib.sha256(json.dumps(rendered, sort_keys=True).encode()).hexdigest()[:16]
    metadata = rendered["metadata"]
    annotations = {**metadata.get("annotations", {}), APPLIED: digest}
    ours = {"annotations": annotations, "ownerReferences": [owner_reference(fleet)]}
    return {**rendered, "metadata": {**metadata, **ours}}


def _name(item: Object) -> tuple[str, str]:
    return item["kind"], item["metadata"]["name"]


def _digest_of(item: Object | None) -> str | None:
    return ((item or {}).get("metadata", {}).get("annotations") or {}).get(APPLIED)


def _is_so(wanted: Manifest, live: Object | None) -> bool:
    return live is not None and "deletionTimestamp" not in live["metadata"] and _within(wanted, live)


def _within(wanted: Any, live: Any) -> bool:
    """Whether all that is wanted is there; what others add beside it is theirs. Kubernetes drops what is empty."""
    if isinstance(wanted, dict):
        there = live if isinstance(live, dict) else {}
        return live in (None, there) and all(_within(each, there.get(name)) for name, each in wanted.items())
    if isinstance(wanted, list):
        there_too = live or []
        return len(wanted) == len(there_too) and all(map(_within, wanted, there_too))
    return bool(wanted == live or (live is None and not wanted))
