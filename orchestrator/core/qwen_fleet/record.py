"""The plan that a fleet runs by, as its cluster keeps it: it outlives the operator."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace

from orchestrator.core.manifests.manifest import Manifest, manifest
from orchestrator.core.manifests.settings import ClusterSettings
from orchestrator.core.objective import FILLS
from orchestrator.core.plan import FitPlan
from orchestrator.core.qwen_fleet.kind import Object
from orchestrator.core.wish import Wish

PART = "plan"  # of the ConfigMap's name
NOTHING_ASKED = asdict(Wish())
DOCUMENT, ASKED, AT, WORTH, WHY = "plan.yaml", "asked", "plannedAt", "worth", "why"


@dataclass(frozen=True)
class Record:
    """What was decided, and of what."""

    document: str  # as `qorch plan -o yaml` has it
    asked: str  # digest of the wish
    at_s: int  # Unix time
    worth: float  # the choice's score, times its replicas where their number was open
    why: str


def asked(wish: Wish) -> str:
    """What tells one wish from another; what is as it always is says nothing, so that a later version may ask more."""
    said = {name: value for name, value in asdict(wish).items() if value != NOTHING_ASKED[name]}
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:16]


def worth(plan: FitPlan) -> float:
    """What two plans of one wish are compared by; the plan places something."""
    replicas = plan.num_replicas if plan.wish.objective in FILLS and plan.wish.num_replicas is None else 1
    return round(plan.placements[0].option.score * replicas, 6)


def of_chosen(plan: FitPlan) -> FitPlan:
    """Only what runs and the hosts that it runs on: a record is small, however large the cluster."""
    groups = sorted({placement.option.group for placement in plan.placements})
    number = {group: index for index, group in enumerate(groups)}
    placements = tuple(
        replace(each, option=replace(each.option, group=number[each.option.group])) for each in plan.placements
    )
    site = replace(plan.site, hosts=tuple(plan.site.hosts[group] for group in groups))
    return replace(plan, site=site, placements=placements, candidates=(), notices=())


def record_manifest(fleet: str, record: Record, settings: ClusterSettings) -> Manifest:
    data = {
        DOCUMENT: record.document,
        ASKED: record.asked,
        AT: str(record.at_s),
        WORTH: repr(record.worth),
        WHY: record.why,
    }
    return manifest(("v1", "ConfigMap"), fleet, PART, settings, {"data": data})


def read_record(item: Object | None) -> Record | None:
    """None where there is none, or none that can be read."""
    data = (item or {}).get("data") or {}
    try:
        return Record(data[DOCUMENT], data[ASKED], int(data[AT]), float(data[WORTH]), data[WHY])
    except (KeyError, ValueError, TypeError):
        return None
