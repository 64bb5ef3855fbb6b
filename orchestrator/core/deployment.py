"""What to deploy, as one value: plain fields that travel as JSON to Ray Serve, on a host or on Kubernetes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath
from typing import Any

from orchestrator.core.engine_spec import EngineSpec, engine_spec_from_data
from orchestrator.core.prediction import Prediction
from orchestrator.core.replica_bounds import ReplicaBounds, exactly
from orchestrator.core.scaling.goal import ScalingGoal, goal_from_data
from orchestrator.core.scaling.policy import ScalingPolicy
from orchestrator.core.variant_limits import Variants, variants_from_data

DRAIN_S = 30.0  # in which a replica that goes finishes what it answers
ADMIN_HEADER = "x-qorch-admin-token"  # of who administrates a fleet, or looks at it, at its gateway
LOOK_TOKEN = "look-token"  # the key of a Secret, and the name of a file
GATEWAY = "gateway"  # the name of the deployment that is no variant


@dataclass(frozen=True)
class GatewaySpec:
    """How the gateway listens and what it lets through."""

    host: str
    port: int
    served_model_names: tuple[str, ...]
    caution_past_tokens: int
    keys_path: str
    keys_required: bool
    admin_token_path: str
    created_s: int
    variants: Variants  # that a request may come to
    loras: tuple[str, ...] = ()  # names of adapters, which are served beside the model's
    cold_start_s: Mapping[str, float] = field(default_factory=dict)  # of each variant, where the plan predicts it

    @property
    def look_token_path(self) -> str:
        """Beside the admin token, and no field, so that older gateways read the spec; it may be missing."""
        return str(PurePosixPath(self.admin_token_path).with_name(LOOK_TOKEN))


@dataclass(frozen=True)
class Predicted:
    """What the plan says of one replica."""

    memory_bytes: int  # of each device, with the prompts that it keeps
    speed: Prediction | None  # None where it was not predicted


@dataclass(frozen=True)
class Variant:
    """Equal engine replicas of one profile on one kind of device: one deployment of Ray Serve."""

    name: str  # of the deployment
    engine: EngineSpec
    num_replicas: int  # where `bounds` leave it open, those that it starts with
    num_gpus: int  # of each replica
    memory_bytes: int  # of the host, for each further replica
    predicted: Predicted
    device_name: str = ""  # the GPU's product, or the CPU's model
    bounds: ReplicaBounds | None = None  # None: as many as `num_replicas`
    price_per_hour: float | None = None  # of a replica; None where the user gave no price
    placed_replicas: int | None = None  # on pods: for so many the plan found nodes

    @property
    def most_replicas(self) -> int | None:
        """As many as were placed on pods, or as there are sets of GPUs; None where only memory bounds them."""
        if self.placed_replicas is not None:
            return self.placed_replicas
        return len(self.engine.gpu_sets) if self.num_gpus else None


@dataclass(frozen=True)
class ScalingSpec:
    """How the number of replicas follows the load within its bounds; `path` keeps decisions and what was learned."""

    path: str
    policy: ScalingPolicy = field(default_factory=ScalingPolicy)
    goal: ScalingGoal = field(default_factory=ScalingGoal)


@dataclass(frozen=True)
class DeploymentSpec:
    """One fleet: a gateway, and the variants of one model that it asks, the best first."""

    fleet: str
    variants: tuple[Variant, ...]
    gateway: GatewaySpec
    asked: Mapping[str, Any]  # what the person asked for, so that asking again is recognised
    scaling: ScalingSpec | None = None  # None: the number of replicas can never follow the load

    @property
    def bounds(self) -> ReplicaBounds | None:
        """Of all variants together; None where their number is fixed."""
        bounds = [each.bounds or exactly(each.num_replicas) for each in self.variants]
        if all(each.fixed for each in bounds):
            return None
        return ReplicaBounds(sum(each.min_replicas for each in bounds), sum(each.max_replicas for each in bounds))

    @property
    def num_replicas(self) -> int:
        return sum(variant.num_replicas for variant in self.variants)

    @property
    def on_pods(self) -> bool:
        """Whether it is for a cluster, where each replica has a pod."""
        return any(variant.placed_replicas is not None for variant in self.variants)

    @property
    def model(self) -> str:
        return self.gateway.served_model_names[0]

    @property
    def profiles(self) -> str:
        """For people."""
        return " + ".join(dict.fromkeys(variant.engine.profile for variant in self.variants))

    @property
    def engines(self) -> str:
        """For people."""
        return " + ".join(dict.fromkeys(variant.engine.engine for variant in self.variants))

    def serve_arguments(self) -> dict[str, Any]:
        """What the application's builder takes; a change here restarts replicas, a change of count does not."""
        return {
            "engines": {variant.name: asdict(variant.engine) for variant in self.variants},
            "gateway": asdict(self.gateway),
            "autoscaled": self.scaling is not None,
        }

    def to_data(self) -> dict[str, Any]:
        return asdict(self)


def deployment_spec_from_data(data: Mapping[str, Any]) -> DeploymentSpec:
    """Read a spec that was written as JSON; raises TypeError or KeyError on another version's."""
    variants = tuple(map(_variant_from_data, data["variants"]))
    scaling = data.get("scaling")
    parts = {"variants": variants, "gateway": gateway_spec_from_data(data["gateway"])}
    return DeploymentSpec(**{**data, **parts, "scaling": scaling and _scaling_from_data(scaling)})


def gateway_spec_from_data(data: Mapping[str, Any]) -> GatewaySpec:
    """Read what was written as JSON; raises TypeError or KeyError on another version's."""
    names = {name: tuple(data[name]) for name in ("served_model_names", "loras")}
    return GatewaySpec(**{**data, **names, "variants": variants_from_data(data["variants"])})


def _variant_from_data(data: Mapping[str, Any]) -> Variant:
    parts = {"engine": engine_spec_from_data(data["engine"]), "predicted": _predicted_from_data(data["predicted"])}
    bounds = data.get("bounds")
    return Variant(**{**data, **parts, "bounds": bounds and ReplicaBounds(**bounds)})


def _scaling_from_data(data: Mapping[str, Any]) -> ScalingSpec:
    return ScalingSpec(data["path"], ScalingPolicy(**data["policy"]), goal_from_data(data["goal"]))


def _predicted_from_data(data: Mapping[str, Any]) -> Predicted:
    speed = data["speed"]
    return Predicted(data["memory_bytes"], speed and Prediction(**{**speed, "why": tuple(speed["why"])}))
