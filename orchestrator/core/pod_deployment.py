"""From a plan to the deployment that it describes, on the pods of a Ray cluster: one replica a pod."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from orchestrator.core.deployment import DeploymentSpec, ScalingSpec, Variant
from orchestrator.core.device import Device
from orchestrator.core.errors import DoesNotFit, UsageError
from orchestrator.core.plan import FitPlan, Placement
from orchestrator.core.planned_deployment import (
    Endpoint,
    ModelFiles,
    Places,
    deployment_names,
    gateway_spec,
    names_of_all,
    variant,
)
from orchestrator.core.profile import EngineName, Profile
from orchestrator.core.replica_bounds import ReplicaBounds
from orchestrator.core.scaled import scaled
from orchestrator.core.scaling.goal import ScalingGoal

SERVE_PORT, ENGINE_PORT = 8000, 8001
MODELS = "/models"
GOAL_PATH = "/etc/qorch/goal/goal.json"
SINCE_S = 0  # a model's `created`: what is rendered twice is the same
PLACES = Places(
    log_dir="/var/log/qorch",
    keys_path="/etc/qorch/keys/keys.json",
    admin_token_path="/etc/qorch/admin/token",
    claims_dir="",
    scaling_path="/var/lib/qorch/scaling.json",
)


def pod_deployment(fleet: str, plan: FitPlan, goal: ScalingGoal) -> DeploymentSpec:
    """The fleet of a plan that places something; raises QorchError for what cannot run on pods."""
    _require_pods_can(plan, goal)
    files = {profile.name: model_files(profile) for profile in plan.profiles}
    gateway = gateway_spec(plan, files, PLACES, Endpoint("0.0.0.0", SERVE_PORT, keys_required=True), SINCE_S)
    variants = tuple(
        _variant(plan, placement, name, files[placement.fit.profile.name])
        for placement, name in zip(plan.placements, deployment_names(plan.placements), strict=True)
    )
    spec = DeploymentSpec(fleet, variants, gateway, {})
    return spec if plan.wish.bounds is None else _bounded(spec, plan.wish.bounds, goal)


def model_folder(profile: Profile) -> str:
    """Where the pods that run a profile have its files, under the names that the hub has."""
    return f"{MODELS}/{profile.name}"


def model_files(profile: Profile) -> ModelFiles:
    folder, weights = model_folder(profile), profile.weights
    path = f"{folder}/{weights.file}" if weights.file else folder
    return ModelFiles(path, f"{folder}/{weights.mmproj_file}" if weights.mmproj_file else None)


def _variant(plan: FitPlan, placement: Placement, name: str, files: ModelFiles) -> Variant:
    """As on one of its hosts, but that a pod is given its GPUs, and listens for gateways of other pods."""
    on_one = replace(placement, num_hosts=1)
    made = variant(replace(plan, placements=(on_one,)), on_one, name, files, PLACES, names_of_all(plan))
    return replace(
        made,
        engine=replace(made.engine, gpu_sets=(), port=ENGINE_PORT),
        num_replicas=placement.num_replicas,
        placed_replicas=placement.num_replicas,
    )


def _bounded(spec: DeploymentSpec, bounds: ReplicaBounds, goal: ScalingGoal) -> DeploymentSpec:
    """The plan has placed the most that there may be; it starts with the fewest, or one."""
    fewest, first = scaled(spec, bounds.min_replicas), scaled(spec, max(1, bounds.min_replicas))
    variants = tuple(
        replace(one, bounds=ReplicaBounds(few.num_replicas, most.num_replicas))
        for few, one, most in zip(fewest.variants, first.variants, spec.variants, strict=True)
    )
    return replace(spec, variants=variants, scaling=ScalingSpec(PLACES.scaling_path, goal=goal))


def _require_pods_can(plan: FitPlan, goal: ScalingGoal) -> None:
    """Raises DoesNotFit or UsageError."""
    if why := next(_beyond_pods(plan), None):
        raise DoesNotFit(why, hint="qorch plan --explain PROFILE")
    if plan.wish.loras:
        raise UsageError("--lora names a folder of this machine, which pods do not have", hint="qorch render --help")
    if goal.budget is not None:
        raise UsageError("--budget is shared by the fleets of one host, and pods are on several", hint="--max-cost")


def _beyond_pods(plan: FitPlan) -> Iterator[str]:
    for placement in plan.placements:
        fit = placement.fit
        if fit.pipeline_parallel_size > 1:
            yield f"{fit.profile.name} spans {fit.pipeline_parallel_size} hosts, and a replica has one pod"
        if fit.profile.engine is EngineName.OLLAMA:
            yield f"{fit.profile.name} is Ollama's, whose store is on its own host"
        if fit.device is Device.GPU and fit.profile.engine is not EngineName.VLLM:
            yield f"{fit.profile.name} on {fit.device_name} is no GPU of a cluster"
