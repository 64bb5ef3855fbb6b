"""From a plan to the deployment that it describes, on one host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from orchestrator.core.accelerators import DeviceId, devices
from orchestrator.core.deployment import DeploymentSpec, GatewaySpec, Predicted, ScalingSpec, Variant
from orchestrator.core.device import Device
from orchestrator.core.engine_settings import (
    MIB,
    memory_of_another_replica,
    prompt_cache_mib,
    reads_images,
    with_settings,
)
from orchestrator.core.engine_spec import EngineSpec
from orchestrator.core.gpu_sets import gpu_sets
from orchestrator.core.plan import Fit, FitPlan, Placement
from orchestrator.core.price import price_per_hour
from orchestrator.core.progress import stall_s
from orchestrator.core.replica_bounds import ReplicaBounds, exactly
from orchestrator.core.scaled import bounded, scaled
from orchestrator.core.scaling.goal import ScalingGoal
from orchestrator.core.variant_limits import VariantLimits


@dataclass(frozen=True)
class Endpoint:
    """Where the gateway shall listen, and whether a key is needed."""

    host: str
    port: int
    keys_required: bool


@dataclass(frozen=True)
class ModelFiles:
    """Where a profile's weights are."""

    model_path: str
    mmproj_path: str | None


@dataclass(frozen=True)
class Places:
    """Where a fleet keeps its other files."""

    log_dir: str
    keys_path: str
    admin_token_path: str
    claims_dir: str
    scaling_path: str


def deployment_spec(
    fleet: str,
    plan: FitPlan,
    files: Mapping[str, ModelFiles],
    places: Places,
    endpoint: Endpoint,
    asked: Mapping[str, Any],
    created_s: int,
    goal: ScalingGoal | None = None,
) -> DeploymentSpec:
    """The deployment of a plan for one host; `files` are those of each profile, by its name."""
    variants = tuple(
        variant(plan, placement, name, files[placement.fit.profile.name], places, names_of_all(plan))
        for placement, name in zip(plan.placements, deployment_names(plan.placements), strict=True)
    )
    spec = DeploymentSpec(fleet, variants, gateway_spec(plan, files, places, endpoint, created_s), dict(asked))
    scaling = ScalingSpec(places.scaling_path, goal=goal or ScalingGoal())
    bounds = plan.wish.bounds
    return replace(_fixed(spec) if bounds is None else _autoscaled(spec, bounds), scaling=scaling)


def _fixed(spec: DeploymentSpec) -> DeploymentSpec:
    """As many as were planned, until `scale` gives them other bounds."""
    return replace(spec, variants=tuple(replace(each, bounds=exactly(each.num_replicas)) for each in spec.variants))


def _autoscaled(spec: DeploymentSpec, bounds: ReplicaBounds) -> DeploymentSpec:
    """There is room for the most; it starts with the fewest, or one: `up` waits until a model answers."""
    opened, first = bounded(spec, bounds), scaled(spec, max(1, bounds.min_replicas))
    variants = tuple(
        replace(each, num_replicas=one.num_replicas) for each, one in zip(opened.variants, first.variants, strict=True)
    )
    return replace(opened, variants=variants)


def served_model_names(fit: Fit) -> tuple[str, ...]:
    """The names a client may ask for: the model's, and the profile's when it says more."""
    return tuple(dict.fromkeys((fit.profile.model.name, fit.profile.name)))


def predicted(fit: Fit) -> Predicted:
    """What `status` shows beside what is measured."""
    memory_bytes = fit.memory.needed_bytes + (prompt_cache_mib(fit) * MIB if fit.device is Device.CPU else 0)
    return Predicted(memory_bytes, fit.prediction)


def device_sets(plan: FitPlan, placement: Placement) -> tuple[tuple[DeviceId, ...], ...]:
    """The devices of each planned replica, and of a single variant those that further replicas can have."""
    if placement.fit.device is Device.CPU:
        return ()
    if len(plan.placements) > 1:
        return placement.gpu_sets
    taken = frozenset(name for one in placement.gpu_sets for name in one)
    return placement.gpu_sets + gpu_sets(placement.fit, plan.inventory, taken)


def gateway_spec(
    plan: FitPlan, files: Mapping[str, ModelFiles], places: Places, endpoint: Endpoint, created_s: int
) -> GatewaySpec:
    """What each variant takes, so that a request goes to those that can take it."""
    fits = [placement.fit for placement in plan.placements]
    named = list(zip(fits, deployment_names(plan.placements), strict=True))
    return GatewaySpec(
        host=endpoint.host,
        port=endpoint.port,
        served_model_names=names_of_all(plan),
        caution_past_tokens=fits[0].profile.model.limits.caution_past_tokens,
        keys_path=places.keys_path,
        keys_required=endpoint.keys_required,
        admin_token_path=places.admin_token_path,
        created_s=created_s,
        variants=tuple(_limits(fit, name, files[fit.profile.name]) for fit, name in named),
        loras=tuple(lora.name for lora in plan.wish.loras),
        cold_start_s={name: fit.prediction.cold_start_s for fit, name in named if fit.prediction is not None},
    )


def _limits(fit: Fit, name: str, files: ModelFiles) -> VariantLimits:
    images = fit.profile.model.limits.images_per_request if reads_images(fit, files.mmproj_path) else 0
    return VariantLimits(name, fit.profile.engine.value, fit.max_model_len, images)


def names_of_all(plan: FitPlan) -> tuple[str, ...]:
    """Every variant answers to the names of all, the model's first."""
    return tuple(dict.fromkeys(name for each in plan.placements for name in served_model_names(each.fit)))


def variant(
    plan: FitPlan, placement: Placement, name: str, files: ModelFiles, places: Places, names: tuple[str, ...]
) -> Variant:
    """The deployment of a placement on the plan's first host; it answers to `names`."""
    fit = placement.fit
    return Variant(
        name=name,
        engine=with_settings(_engine(plan, placement, files, places, names), fit, plan),
        num_replicas=placement.num_replicas,
        num_gpus=len(fit.gpu_indices),
        memory_bytes=memory_of_another_replica(fit),
        predicted=predicted(fit),
        device_name=fit.device_name,
        price_per_hour=price_per_hour(fit, plan.wish.prices),
    )


def _engine(
    plan: FitPlan, placement: Placement, files: ModelFiles, places: Places, names: tuple[str, ...]
) -> EngineSpec:
    fit = placement.fit
    uuids = {one.id: one.cuda_name for one in devices(plan.inventory)[0]}
    return EngineSpec(
        engine=fit.profile.engine.value,
        profile=fit.profile.name,
        device=fit.device.value,
        model_path=files.model_path,
        mmproj_path=files.mmproj_path,
        served_model_names=names,
        max_model_len=fit.max_model_len,
        max_num_seqs=fit.max_num_seqs,
        log_dir=places.log_dir,
        gpu_sets=tuple(tuple(uuids[name] for name in one) for one in device_sets(plan, placement)),
        stall_s=stall_s(fit.max_model_len, fit.prediction),
        claims_dir=places.claims_dir,
    )


def deployment_names(placements: tuple[Placement, ...]) -> list[str]:
    """The profile's name; of several placements of one profile the others are numbered."""
    profiles = [placement.fit.profile.name for placement in placements]
    earlier = [profiles[:index].count(name) for index, name in enumerate(profiles)]
    return [name if count == 0 else f"{name}-{count + 1}" for name, count in zip(profiles, earlier, strict=True)]
