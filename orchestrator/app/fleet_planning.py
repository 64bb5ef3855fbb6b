"""Which plan a QwenFleet runs by: the one of before, as long as nothing speaks for another."""

from __future__ import annotations

from dataclasses import dataclass, replace

from orchestrator.app.operator_ports import Planner, SharedCluster
from orchestrator.app.plan import require_reached
from orchestrator.core.cluster.cluster_site import Seen
from orchestrator.core.cluster.node import Node
from orchestrator.core.cluster.tenant import Tenant
from orchestrator.core.errors import QorchError
from orchestrator.core.manifests.fleet import manifests
from orchestrator.core.manifests.manifest import Manifest
from orchestrator.core.manifests.ray_service import RAY_SERVICE
from orchestrator.core.plan import FitPlan
from orchestrator.core.qwen_fleet.kind import Key
from orchestrator.core.qwen_fleet.places import asked_by_others, missing, requests
from orchestrator.core.qwen_fleet.pod_groups import PodGroup, pod_groups
from orchestrator.core.qwen_fleet.record import Record, asked, of_chosen, worth
from orchestrator.core.qwen_fleet.replan import Keep, Running, replan
from orchestrator.core.qwen_fleet.spec import FleetSpec
from orchestrator.core.qwen_fleet.trouble import Trouble, of_error

RETRY_S = 30.0  # between two plans that found nothing on the same nodes


@dataclass(frozen=True)
class Plan:
    """What a fleet runs by, with its objects."""

    record: Record
    plan: FitPlan
    spec: FleetSpec
    objects: tuple[Manifest, ...]

    @property
    def service(self) -> Manifest:
        return next(each for each in self.objects if each["kind"] == RAY_SERVICE[1])

    @property
    def groups(self) -> tuple[PodGroup, ...]:
        return pod_groups(self.service)


@dataclass(frozen=True)
class Planned:
    """The outcome for one fleet."""

    plan: Plan | None = None
    unplanned: Trouble | None = None  # why what is asked for now has no plan
    missing: str = ""
    again_s: float | None = None  # Unix time; None: when something changes
    news: str = ""  # why another plan took the place of the one before


@dataclass(frozen=True)
class Failure:
    """A plan that found nothing."""

    spec: FleetSpec
    nodes: tuple[Node, ...]
    at_s: float
    trouble: Trouble

    def still_says(self, spec: FleetSpec, nodes: tuple[Node, ...], now_s: float) -> bool:
        """Whether it is of no use to plan again: pods come and go all the time, nodes seldom."""
        return (self.spec, self.nodes) == (spec, nodes) and now_s < self.at_s + RETRY_S


class FleetPlanning:
    """Of all fleets of a cluster, one at a time."""

    def __init__(self, cluster: SharedCluster, planner: Planner) -> None:
        self._cluster, self._planner = cluster, planner
        self._plans: dict[Key, Plan] = {}
        self._failures: dict[Key, Failure] = {}
        self._looked_s: dict[Key, float] = {}

    def forget(self, key: Key) -> None:
        for memory in (self._plans, self._failures, self._looked_s):
            memory.pop(key, None)

    def running(self, key: Key, spec: FleetSpec, record: Record | None) -> Plan | None:
        """What the fleet runs by, as its spec has it rendered now; None where nothing was planned yet."""
        known = self._plans.get(key)
        record = known.record if known else record
        if record is None or (known and known.spec == spec):
            return known
        try:
            self._plans[key] = self._rendered(key, spec, record)
        except QorchError:
            return None
        return self._plans[key]

    def planned(
        self, key: Key, spec: FleetSpec, record: Record | None, missing_since_s: float | None, now_s: float
    ) -> Planned:
        running = self.running(key, spec, record)
        nodes, crowd = self._cluster.nodes(), self._cluster.crowd()
        limits = {key.namespace: self._cluster.limits(key.namespace)}
        seen = Seen(self._cluster.name, nodes, requests(key, crowd), limits=limits)
        if running is None or running.record.asked != asked(spec.wish):
            return self._anew(key, spec, running, seen, now_s)
        gone = missing(running.groups, nodes, asked_by_others(key, crowd))
        looked_s = max(float(running.record.at_s), self._looked_s.get(key, 0.0))
        decision = replan(spec.replan, Running(looked_s, gone, missing_since_s), now_s)
        if isinstance(decision, Keep):
            return Planned(running, _unreached(running, spec), gone, decision.until_s)
        self._looked_s[key] = now_s
        found = self._anew(key, spec, running, seen, now_s, decision.least_worth)
        if found.plan is not running:
            return replace(found, news=decision.why)
        why = f", and there is no other plan: {found.unplanned.message}" if found.unplanned and gone else ""
        return replace(found, unplanned=None, missing=gone and gone + why)

    def _anew(
        self, key: Key, spec: FleetSpec, running: Plan | None, seen: Seen, now_s: float, least_worth: float = 0.0
    ) -> Planned:
        failed = self._failures.get(key)
        if failed and failed.still_says(spec, seen.nodes, now_s):
            return Planned(running, failed.trouble, again_s=failed.at_s + RETRY_S)
        try:
            found = self._made(key, spec, seen, now_s)
        except QorchError as error:
            self._failures[key] = Failure(spec, seen.nodes, now_s, of_error(error))
            return Planned(running, of_error(error))
        self._failures.pop(key, None)
        if running is not None and _is_no_news(running, found, least_worth):
            return Planned(running)
        self._plans[key] = found
        return Planned(found, news="it is asked for")

    def _made(self, key: Key, spec: FleetSpec, seen: Seen, now_s: float) -> Plan:
        tenant = Tenant(key.namespace, key.name, anew=True, tolerations=spec.settings.tolerations)
        plan = self._planner.plan(seen, spec.wish, tenant, spec.settings)
        require_reached(plan, spec.goal, spec.goal_asked)
        document = self._planner.written(of_chosen(plan))
        return self._rendered(key, spec, Record(document, asked(spec.wish), int(now_s), worth(plan), plan.reason))

    def _rendered(self, key: Key, spec: FleetSpec, record: Record) -> Plan:
        """Always of the record, so that what is rendered is the same after a restart."""
        plan = replace(self._planner.read(record.document, spec.wish), reason=record.why)
        objects = manifests(key.name, plan, spec.goal, spec.settings, self._planner.table)
        return Plan(record, plan, spec, objects)


def _unreached(running: Plan, spec: FleetSpec) -> Trouble | None:
    """Why a goal that changed since cannot be reached by the plan that runs."""
    try:
        require_reached(running.plan, spec.goal, spec.goal_asked)
    except QorchError as error:
        return of_error(error)
    return None


def _is_no_news(running: Plan, found: Plan, least_worth: float) -> bool:
    """The same pods, or none that are worth a disruption."""
    same = running.objects == found.objects and running.record.asked == found.record.asked
    return same or found.record.worth < least_worth * running.record.worth
