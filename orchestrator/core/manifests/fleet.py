"""All objects of a fleet, in the order in which they are applied."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

from orchestrator.core.deployment import DeploymentSpec
from orchestrator.core.gpu_table import GpuTable
from orchestrator.core.manifests.availability import disruption_budgets
from orchestrator.core.manifests.dashboard import dashboard
from orchestrator.core.manifests.forms import FLEET
from orchestrator.core.manifests.manifest import Manifest, manifest
from orchestrator.core.manifests.monitoring import pod_monitor, prometheus_rule
from orchestrator.core.manifests.network import network_policies
from orchestrator.core.manifests.pod_needs import pod_needs
from orchestrator.core.manifests.ray_service import ray_service
from orchestrator.core.manifests.settings import ClusterSettings, require_upgradable
from orchestrator.core.manifests.weights import weights_job
from orchestrator.core.plan import FitPlan
from orchestrator.core.pod_deployment import GOAL_PATH, pod_deployment
from orchestrator.core.scaling.goal import ScalingGoal


def manifests(
    fleet: str, plan: FitPlan, goal: ScalingGoal, settings: ClusterSettings, table: GpuTable
) -> tuple[Manifest, ...]:
    """The objects of a plan that places something; raises QorchError for what pods or clusters cannot have."""
    FLEET.require(fleet)
    require_upgradable(settings, scales=plan.wish.bounds is not None)
    return tuple(_objects(pod_deployment(fleet, plan, goal), plan, settings, table))


def _objects(spec: DeploymentSpec, plan: FitPlan, settings: ClusterSettings, table: GpuTable) -> Iterator[Manifest]:
    profiles = {profile.name: profile for profile in plan.profiles}
    account = {"automountServiceAccountToken": False}
    yield manifest(("v1", "ServiceAccount"), spec.fleet, "engine", settings, account)
    yield from network_policies(spec, settings)
    if spec.scaling is not None:
        goal = {"data": {GOAL_PATH.rpartition("/")[2]: json.dumps(asdict(spec.scaling.goal)) + "\n"}}
        yield manifest(("v1", "ConfigMap"), spec.fleet, "goal", settings, goal)
    if settings.model_claim is not None:
        yield weights_job(spec, profiles.values(), settings)
    yield ray_service(spec, pod_needs(spec, plan, settings.mig_strategy, table), profiles, settings)
    yield from disruption_budgets(spec, settings)
    if settings.monitoring:
        yield pod_monitor(spec, settings)
        yield prometheus_rule(spec, settings)
        yield dashboard(spec, settings)
