"""One QwenFleet brought to what it says: look, decide, write what is not so yet, and say how it stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from orchestrator.app.fleet_counts import FleetCounts
from orchestrator.app.fleet_planning import FleetPlanning, Plan, Planned
from orchestrator.app.fleet_writing import FleetWriting
from orchestrator.app.operator_ports import Planner, SharedCluster
from orchestrator.core.errors import QorchError
from orchestrator.core.kuberay.next_cluster import cluster_that_stays, tolerates_otherwise
from orchestrator.core.manifests.naming import object_name
from orchestrator.core.manifests.needed import create_secret, secret_keys
from orchestrator.core.manifests.ray_service import RAY_SERVICE
from orchestrator.core.qwen_fleet.conditions import Type, since_s
from orchestrator.core.qwen_fleet.facts import Facts
from orchestrator.core.qwen_fleet.kind import Key, Object, key_of
from orchestrator.core.qwen_fleet.record import PART, read_record, record_manifest
from orchestrator.core.qwen_fleet.service_health import health
from orchestrator.core.qwen_fleet.spec import FleetSpec, fleet_spec
from orchestrator.core.qwen_fleet.status import status, suspended
from orchestrator.core.qwen_fleet.trouble import Reason, Trouble, of_error
from orchestrator.core.qwen_fleet.unplanned_gpus import unplanned_gpus

SECRET_S = 30.0  # between two looks whether a Secret has come


@dataclass(frozen=True)
class Outcome:
    """`again_s`: seconds until it is to be done again, None: when something changes; or it failed, to be retried."""

    again_s: float | None = None
    failed: bool = False


class Reconciler:
    """Keeps nothing that the cluster does not have, but for speed."""

    def __init__(
        self,
        cluster: SharedCluster,
        planner: Planner,
        image: str,
        clock: Callable[[], float],
        say: Callable[[str], None],
    ) -> None:
        self._cluster, self._table, self._image, self._clock, self._say = cluster, planner.table, image, clock, say
        self._planning, self._writing = FleetPlanning(cluster, planner), FleetWriting(cluster, clock, say)
        self._counts = FleetCounts(cluster, clock, say)

    def reconcile(self, key: Key) -> Outcome:
        fleet = self._cluster.fleet(key)
        if fleet is None or "deletionTimestamp" in fleet["metadata"]:
            self._planning.forget(key)
            self._counts.forget(key)
            return Outcome()
        try:
            spec = fleet_spec(fleet, self._image, self._table)
        except QorchError as error:
            return self._tell(fleet, Facts(unplanned=of_error(error)))
        if spec.suspended:
            return self._write_status(fleet, suspended(fleet))
        return self._kept_right(fleet, spec)

    def _kept_right(self, fleet: Object, spec: FleetSpec) -> Outcome:
        key, now_s = key_of(fleet), self._clock()
        live = self._cluster.objects(key)
        record = read_record(_named(live, "ConfigMap", object_name(key.name, PART)))
        if troubles := self._cluster.troubles():
            running = self._planning.running(key, spec, record)
            return self._tell(fleet, _facts(Planned(running, None if running else troubles[0]), troubles))
        missing_since_s = since_s(fleet.get("status") or {}, Type.PLAN_CURRENT)
        planned = self._planning.planned(key, spec, record, missing_since_s, now_s)
        if planned.plan is None:
            return self._tell(fleet, _facts(planned, ()), planned.again_s)
        if planned.news:
            self._say(f"{key}: planned {planned.plan.plan.reason} ({planned.news})")
        rendered = (record_manifest(key.name, planned.plan.record, spec.settings), *planned.plan.objects)
        unwritten = self._writing.written(fleet, rendered, live)
        service = _named(self._cluster.objects(key), RAY_SERVICE[1], object_name(key.name))
        if service is not None and not unwritten:
            unwritten = self._counts.written(fleet, planned.plan.service, service)
        return self._told(fleet, spec, planned, unwritten, service)

    def _told(
        self,
        fleet: Object,
        spec: FleetSpec,
        planned: Planned,
        unwritten: tuple[Trouble, ...],
        service: Object | None,
    ) -> Outcome:
        secret, known = self._secret(fleet, spec, service)
        seen = _facts(planned, unwritten, service)
        facts = replace(
            seen,
            secret=secret,
            secret_known=known,
            secret_keys=secret_keys(spec.settings),
            tolerates_otherwise=self._tolerates_otherwise(key_of(fleet), planned.plan, service),
        )
        look_s = [self._clock() + SECRET_S] if facts.secret is not None or not facts.secret_known else []
        return self._tell(fleet, facts, min([*look_s, *filter(None, [planned.again_s])], default=None))

    def _secret(self, fleet: Object, spec: FleetSpec, service: Object | None) -> tuple[Trouble | None, bool]:
        """Why it is not there, and whether that is known; a fleet that is ready has one."""
        key = key_of(fleet)
        if _condition(fleet, Type.SECRET_READY) == "True" and health(service).ready:
            return None, True
        name = object_name(key.name)
        there = self._cluster.secret_exists(key.namespace, name)
        if there is not False:
            return None, there is True
        hint = create_secret(key.name, spec.settings)
        return Trouble(Reason.NOT_READY, f"the Secret {name} is needed, and is not there", hint), True

    def _tolerates_otherwise(self, key: Key, plan: Plan | None, service: Object | None) -> str:
        """The Ray cluster that goes on with other tolerations than are asked for; empty where there is none."""
        name = cluster_that_stays(service) if service is not None and plan is not None else ""
        running = self._cluster.ray_cluster(key, name) if name else None
        return name if plan and running and tolerates_otherwise(plan.service, running) else ""

    def _tell(self, fleet: Object, facts: Facts, again_s: float | None = None) -> Outcome:
        unplanned = unplanned_gpus(self._cluster.nodes(), self._cluster.claimable_nodes(), self._table)
        told = self._write_status(fleet, status(fleet, replace(facts, unplanned_gpus=unplanned), self._clock()))
        if told.failed or facts.unwritten:
            return Outcome(failed=True)
        return Outcome(None if again_s is None else max(0.0, again_s - self._clock()))

    def _write_status(self, fleet: Object, said: dict[str, Any]) -> Outcome:
        if said == (fleet.get("status") or {}):
            return Outcome()
        trouble = self._cluster.tell(fleet, said)
        if trouble is not None:
            self._say(f"{key_of(fleet)}: its status cannot be written: {trouble.text}")
        return Outcome(failed=trouble is not None)


def _facts(
    planned: Planned,
    unwritten: tuple[Trouble, ...],
    service: Object | None = None,
) -> Facts:
    plan = planned.plan
    return Facts(
        plan=plan.plan if plan else None,
        planned_at_s=plan.record.at_s if plan else 0.0,
        unplanned=planned.unplanned,
        missing=planned.missing,
        unwritten=unwritten,
        service=service,
    )


def _named(live: tuple[Object, ...], kind: str, name: str) -> Object | None:
    return next((each for each in live if (each["kind"], each["metadata"]["name"]) == (kind, name)), None)


def _condition(fleet: Object, kind: Type) -> str:
    found = (fleet.get("status") or {}).get("conditions") or ()
    return next((str(each["status"]) for each in found if each["type"] == kind), "")
