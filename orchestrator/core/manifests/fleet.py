"""All objects of a fleet, in the order in which they are applied."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from orchestrator.core.gpu_table import GpuTable
from orchestrator.core.manifests import availability, network
from orchestrator.core.manifests.availability import disruption_budgets
from orchestrator.core.manifests.dashboard import dashboard
from orchestrator.core.manifests.fleet_on_pods import FleetOnPods, fleet_on_pods
from orchestrator.core.manifests.manifest import Manifest, manifest
from orchestrator.core.manifests.monitoring import POD_MONITOR, PROMETHEUS_RULE, pod_monitor, prometheus_rule
from orchestrator.core.manifests.network import network_policies
from orchestrator.core.manifests.ray_service import RAY_SERVICE, ray_service
from orchestrator.core.manifests.settings import ClusterSettings
from orchestrator.core.manifests.weights import JOB, weights_job
from orchestrator.core.plan import FitPlan
from orchestrator.core.pod_deployment import GOAL_PATH
from orchestrator.core.profile import Profile
from orchestrator.core.scaling.goal import ScalingGoal

ACCOUNT, CONFIG = ("v1", "ServiceAccount"), ("v1", "ConfigMap")
KINDS = (ACCOUNT, network.KIND, CONFIG, JOB, RAY_SERVICE, availability.KIND, POD_MONITOR, PROMETHEUS_RULE)
RECORD, RECORD_FILE = "spec", "fleet.json"


def manifests(
    fleet: str,
    plan: FitPlan,
    goal: ScalingGoal,
    settings: ClusterSettings,
    table: GpuTable,
    asked: Mapping[str, Any] | None = None,
) -> tuple[Manifest, ...]:
    """The objects of a plan that places something; raises QorchError for what pods or clusters cannot have.

    What was `asked` is kept with them, so that it is recognised when it comes again.
    """
    profiles = {profile.name: profile for profile in plan.profiles}
    return fleet_objects(fleet_on_pods(fleet, plan, goal, settings, table, asked or {}), profiles)


def fleet_objects(fleet: FleetOnPods, profiles: Mapping[str, Profile]) -> tuple[Manifest, ...]:
    """The objects of a fleet, the same each time; `profiles` has those of its variants, by their names."""
    return tuple(_objects(fleet, {each.engine.profile: profiles[each.engine.profile] for each in fleet.spec.variants}))


def _objects(fleet: FleetOnPods, profiles: Mapping[str, Profile]) -> Iterator[Manifest]:
    spec, settings = fleet.spec, fleet.settings
    yield manifest(ACCOUNT, spec.fleet, "engine", settings, {"automountServiceAccountToken": False})
    yield from network_policies(spec, settings)
    yield _file(fleet, RECORD, RECORD_FILE, fleet.to_data())
    if spec.scaling is not None:
        yield _file(fleet, "goal", GOAL_PATH.rpartition("/")[2], asdict(spec.scaling.goal))
    if settings.model_claim is not None:
        yield weights_job(spec, profiles.values(), settings)
    yield ray_service(spec, fleet.needs, profiles, settings)
    yield from disruption_budgets(spec, settings)
    if settings.monitoring:
        yield pod_monitor(spec, settings)
        yield prometheus_rule(spec, settings)
        yield dashboard(spec, settings)


def _file(fleet: FleetOnPods, part: str, name: str, data: Mapping[str, Any]) -> Manifest:
    """A ConfigMap of one file of JSON."""
    return manifest(CONFIG, fleet.spec.fleet, part, fleet.settings, {"data": {name: json.dumps(data, indent=2) + "\n"}})
