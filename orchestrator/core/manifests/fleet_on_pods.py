"""All that a fleet's objects are rendered from: kept in the cluster beside them, so that they can be rendered anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from orchestrator.core.cluster.toleration import Toleration
from orchestrator.core.deployment import DeploymentSpec, Variant, deployment_spec_from_data
from orchestrator.core.gpu_table import GpuTable
from orchestrator.core.manifests.forms import FLEET
from orchestrator.core.manifests.gpu_nodes import GpuNodes
from orchestrator.core.manifests.pod_needs import PodNeeds, pod_needs
from orchestrator.core.manifests.settings import ClusterSettings, MigStrategy, Upgrade, require_upgradable
from orchestrator.core.plan import FitPlan
from orchestrator.core.pod_deployment import pod_deployment
from orchestrator.core.scaling.goal import ScalingGoal


@dataclass(frozen=True)
class FleetOnPods:
    """What to deploy, what each of its pods needs, and how its objects fit into the cluster."""

    spec: DeploymentSpec
    needs: tuple[PodNeeds, ...]  # of each variant
    settings: ClusterSettings

    def with_spec(self, spec: DeploymentSpec) -> FleetOnPods:
        """Other counts, bounds or goals of the same variants."""
        needs = tuple(replace(each, variant=one) for each, one in zip(self.needs, spec.variants, strict=True))
        return replace(self, spec=spec, needs=needs)

    def to_data(self) -> dict[str, Any]:
        """Plain values; the namespace is left out, since it is the one that they are found in."""
        needs = [_without(asdict(each), "variant") for each in self.needs]
        return {"spec": self.spec.to_data(), "needs": needs, "settings": _without(asdict(self.settings), "namespace")}


def fleet_on_pods(
    fleet: str,
    plan: FitPlan,
    goal: ScalingGoal,
    settings: ClusterSettings,
    table: GpuTable,
    asked: Mapping[str, Any],
) -> FleetOnPods:
    """The fleet of a plan that places something; raises QorchError for what pods or clusters cannot have."""
    FLEET.require(fleet)
    require_upgradable(settings, scales=plan.wish.bounds is not None)
    spec = replace(pod_deployment(fleet, plan, goal), asked=dict(asked))
    return FleetOnPods(spec, pod_needs(spec, plan, settings.mig_strategy, table), settings)


def fleet_from_data(data: Mapping[str, Any], namespace: str) -> FleetOnPods:
    """Read what was written as JSON; raises TypeError, KeyError or ValueError on another version's."""
    spec = deployment_spec_from_data(data["spec"])
    needs = zip(spec.variants, data["needs"], strict=True)
    return FleetOnPods(
        spec,
        tuple(_needs(variant, each) for variant, each in needs),
        ClusterSettings(**_settings(data["settings"]), namespace=namespace),
    )


def _needs(variant: Variant, data: Mapping[str, Any]) -> PodNeeds:
    gpus = data["gpus"] and GpuNodes(**_with_tuples(GpuNodes, data["gpus"]))
    return PodNeeds(variant=variant, **{**_with_tuples(PodNeeds, data), "gpus": gpus})


def _settings(data: Mapping[str, Any]) -> dict[str, Any]:
    parts = {
        "upgrade": Upgrade(data["upgrade"]),
        "tolerations": tuple(Toleration(**each) for each in data["tolerations"]),
        "mig_strategy": MigStrategy(data["mig_strategy"]),
    }
    return {**_with_tuples(ClusterSettings, data), **parts}


def _with_tuples(kind: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    """JSON knows lists only."""
    known = {each.name for each in fields(kind)}
    if unknown := data.keys() - known:
        raise TypeError(f"unknown: {', '.join(sorted(unknown))}")
    return {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}


def _without(data: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key != name}
