"""A fleet as Ray Serve's config (ServeDeploySchema): for a host's Ray, and for a RayService's `serveConfigV2`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from orchestrator.core.deployment import GATEWAY, DeploymentSpec, ScalingSpec, Variant
from orchestrator.core.replica_bounds import ReplicaBounds, exactly
from orchestrator.core.scaling.prior import pool_prior

APPLICATION = "qorch"
BUILDER = "orchestrator.serving.application:build"
POLICY = "orchestrator.serving.autoscaling:PoolPolicy"
TELL_EVERY_S = 0.5  # replicas their load, to the controller
TOLD_FOR_S = 1.0  # and how long what was told is kept


@dataclass(frozen=True)
class Pods:
    """How a fleet is spread over the pods of a Ray cluster: one replica each, of the variant that a pod is for."""

    num_gateways: int
    goal_path: str  # of a file that is not where decisions are written


def serve_config(spec: DeploymentSpec, pods: Pods | None = None) -> dict[str, Any]:
    """The config of this fleet, on this host or on pods."""
    gateway = _gateway(spec, pods)
    return {
        "proxy_location": "Disabled",
        "applications": [
            {
                "name": APPLICATION,
                "route_prefix": None,
                "import_path": BUILDER,
                "args": spec.serve_arguments(),
                "deployments": [*(_deployment(variant, pods) for variant in spec.variants), *gateway],
                **(_autoscaled(spec, spec.scaling, pods) if spec.scaling else {}),
            }
        ],
    }


def _deployment(variant: Variant, pods: Pods | None) -> dict[str, Any]:
    """Of the host's cores a replica takes none: its engine's threads are the plan's business."""
    options = {"num_cpus": 0, "num_gpus": variant.num_gpus, **_place(variant.name, pods)}
    return {"name": variant.name, **_count(variant), "ray_actor_options": options}


def _gateway(spec: DeploymentSpec, pods: Pods | None) -> list[dict[str, Any]]:
    """On a host there is one, of which nothing need be said unless the policy is to hear of requests from it."""
    bounds = exactly(1 if pods is None else pods.num_gateways)
    told = {"autoscaling_config": _autoscaling(bounds)} if spec.scaling else {"num_replicas": bounds.max_replicas}
    if pods is not None:
        return [{"name": GATEWAY, **told, "ray_actor_options": {"num_cpus": 0, **_place(GATEWAY, pods)}}]
    return [{"name": GATEWAY, **told}] if spec.scaling else []


def _place(deployment: str, pods: Pods | None) -> dict[str, Any]:
    """A resource that only the pods have that are for this deployment, each for one replica."""
    return {} if pods is None else {"resources": {deployment: 1}}


def _autoscaled(spec: DeploymentSpec, scaling: ScalingSpec, pods: Pods | None) -> dict[str, Any]:
    """One policy for all variants, which the gateways tell of requests."""
    arguments = {"path": scaling.path, "policy": asdict(scaling.policy), "prior": asdict(pool_prior(spec.variants))}
    elsewhere = {} if pods is None else {"goal": pods.goal_path}
    return {"autoscaling_policy": {"policy_function": POLICY, "policy_kwargs": {**arguments, **elsewhere}}}


def _count(variant: Variant) -> dict[str, Any]:
    """What a variant that may have none starts with is said apart: a later change of bounds says nothing of it."""
    bounds, count = variant.bounds, variant.num_replicas
    if bounds is None or not bounds.max_replicas:
        return {"num_replicas": count}
    initial = {"initial_replicas": count} if count > bounds.min_replicas else {}
    return {"autoscaling_config": {**_autoscaling(bounds), **initial}}


def _autoscaling(bounds: ReplicaBounds) -> dict[str, Any]:
    """Ray's own averages and delays are left out: the policy has better ones."""
    return {
        **asdict(bounds),
        "upscale_delay_s": 0.0,
        "downscale_delay_s": 0.0,
        "metrics_interval_s": TELL_EVERY_S,
        "look_back_period_s": TOLD_FOR_S,
    }
