"""What a QwenFleet asks for, in the words of plans, goals and manifests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.core.cluster.toleration import parse_toleration
from orchestrator.core.errors import UsageError
from orchestrator.core.gpu_table import GpuTable
from orchestrator.core.manifests.settings import ClusterSettings, MigStrategy, Upgrade
from orchestrator.core.objective import Objective
from orchestrator.core.qwen_fleet.kind import Object
from orchestrator.core.qwen_fleet.replan import ReplanPolicy, ReplanRule
from orchestrator.core.replica_bounds import ReplicaBounds, checked_bounds
from orchestrator.core.scaling.goal import ScalingGoal
from orchestrator.core.scaling.schedule import parse_window
from orchestrator.core.wish import Prices, Wish

HINT = "kubectl explain qwenfleet.spec"
DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
ANY_GPU, HOST = "gpu", "host"
GOAL_FIELDS = {
    "tokS": "tok_s",
    "wait": "wait_s",
    "ttft": "ttft_s",
    "tpot": "tpot_s",
    "attainment": "attainment",
    "maxCost": "cost_per_hour",
}


@dataclass(frozen=True)
class FleetSpec:
    """Of one QwenFleet."""

    wish: Wish
    goal: ScalingGoal
    goal_asked: bool  # rather than what a goal is where nothing is said
    settings: ClusterSettings
    replan: ReplanRule
    suspended: bool


def fleet_spec(fleet: Object, image: str, table: GpuTable) -> FleetSpec:
    """What the object says; `image` is for pods where it names none. Raises UsageError for what no schema can tell."""
    try:
        return _fleet_spec(fleet.get("spec") or {}, fleet["metadata"].get("namespace"), image, table)
    except (TypeError, ValueError, AttributeError, KeyError) as wrong:
        raise UsageError(f"the spec cannot be read: {wrong}", hint=HINT) from wrong


def _fleet_spec(spec: Mapping[str, Any], namespace: str | None, image: str, table: GpuTable) -> FleetSpec:
    goal, replan = _goal(spec), spec.get("replan") or {}
    rule = ReplanRule(
        ReplanPolicy(replan.get("policy", ReplanRule.policy.value)),
        seconds(replan.get("minInterval", f"{ReplanRule.min_interval_s:.0f}s")),
        seconds(replan.get("grace", f"{ReplanRule.grace_s:.0f}s")),
    )
    settings = _settings(spec, namespace, image)
    return FleetSpec(_wish(spec, table), ScalingGoal(**goal), bool(goal), settings, rule, spec.get("suspend") is True)


def seconds(text: str) -> float:
    """Of a duration such as 1.5s, 200ms, 5m or 6h; raises ValueError."""
    if (matched := DURATION.fullmatch(text)) is None:
        raise ValueError(f"expected a duration such as 1.5s, 200ms, 5m or 6h, got {text!r}")
    return float(matched[1]) * UNITS_S[matched[2]]


def _wish(spec: Mapping[str, Any], table: GpuTable) -> Wish:
    bounds = _bounds(spec)
    return Wish(
        profile=str(spec.get("profile", "auto")),
        model=spec.get("model"),
        objective=Objective(spec.get("for", Objective.BALANCED.value)),
        max_model_len=spec.get("context"),
        max_num_seqs=spec.get("concurrency"),
        num_speculative_tokens=spec.get("speculativeTokens", 0),
        tensor_parallel_size=spec.get("tensorParallelSize"),
        max_gpus=spec.get("maxGpus"),
        min_tok_s=spec.get("minTokS"),
        num_replicas=spec.get("replicas") if bounds is None else bounds.max_replicas,
        bounds=bounds,
        prices=_prices(spec.get("prices") or {}, table),
        one_host=True,
    )


def _bounds(spec: Mapping[str, Any]) -> ReplicaBounds | None:
    most = spec.get("maxReplicas")
    return None if most is None else checked_bounds(spec.get("minReplicas", 1), most, HINT)


def _prices(hours: Mapping[str, Any], table: GpuTable) -> Prices:
    """A short name is that of all products of the kind."""
    products = {
        product: float(hours[name])
        for name in hours
        if name not in (ANY_GPU, HOST)
        for product in _products(name, table)
    }
    any_gpu, host = (None if name not in hours else float(hours[name]) for name in (ANY_GPU, HOST))
    return Prices(tuple(sorted(products.items())), any_gpu, host)


def _products(name: str, table: GpuTable) -> tuple[str, ...]:
    if (found := table.by_name(name)) is None:
        raise UsageError(f"prices: there is no GPU {name!r} in the table; expected its name, gpu or host", hint=HINT)
    return found.products


def _goal(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a ScalingGoal that are asked for."""
    targets = spec.get("targets") or {}
    given = {
        GOAL_FIELDS[name]: seconds(value) if isinstance(value, str) else float(value) for name, value in targets.items()
    }
    windows = tuple(map(parse_window, spec.get("schedule") or ()))
    return {**given, **({"schedule": windows} if windows else {})}


def _settings(spec: Mapping[str, Any], namespace: str | None, image: str) -> ClusterSettings:
    gateway, upgrade = spec.get("gateway") or {}, spec.get("upgrade") or {}
    return ClusterSettings(
        image=spec.get("image", image),
        namespace=namespace,
        num_gateways=gateway.get("replicas", ClusterSettings.num_gateways),
        client_namespaces=tuple(gateway.get("allowFrom") or ()),
        model_claim=spec.get("modelClaim"),
        redis_address=spec.get("redis"),
        upgrade=Upgrade(upgrade.get("type", Upgrade.NEW_CLUSTER.value)),
        gateway_class=upgrade.get("gatewayClass"),
        monitoring=spec.get("monitoring") is True,
        tolerations=tuple(map(parse_toleration, spec.get("tolerations") or ())),
        mig_strategy=MigStrategy(spec.get("migStrategy", MigStrategy.MIXED.value)),
    )
