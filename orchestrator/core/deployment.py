"""What to deploy, as one value: plain fields that travel as JSON to Ray Serve, on a host or on Kubernetes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from orchestrator.core.llama_cpp_memory import context_checkpoints
from orchestrator.core.plan import Device, Fit, FitPlan
from orchestrator.core.profile import ModelStatus

MIB = 2**20
MOST_PROMPT_CACHE_MIB = 2048
QUEUE_PER_ENGINE = 256  # requests that may wait at one engine beyond those it decodes


@dataclass(frozen=True)
class EngineSpec:
    """How each engine replica is started."""

    engine: str
    profile: str
    model_path: str
    mmproj_path: str | None
    served_model_names: tuple[str, ...]
    max_model_len: int
    max_num_seqs: int
    threads: int
    prompt_cache_mib: int
    context_checkpoints: int  # of each slot
    log_dir: str

    @property
    def max_in_flight(self) -> int:
        return self.max_num_seqs + QUEUE_PER_ENGINE


@dataclass(frozen=True)
class GatewaySpec:
    """How the gateway listens and what it lets through."""

    host: str
    port: int
    served_model_names: tuple[str, ...]
    max_model_len: int
    caution_past_tokens: int
    max_images: int
    keys_path: str
    keys_required: bool
    admin_token_path: str
    created_s: int


@dataclass(frozen=True)
class Predicted:
    """What the plan says of one replica."""

    memory_bytes: int  # of each device, with the prompts that it keeps
    decode_tok_s: float | None  # of one stream, None where it was not predicted
    saturation_tok_s: float | None


@dataclass(frozen=True)
class DeploymentSpec:
    """One fleet: a gateway and `num_replicas` engines, with the CPU and GPU shares of each engine."""

    fleet: str
    engine: EngineSpec
    gateway: GatewaySpec
    num_replicas: int
    num_cpus: float
    num_gpus: float
    memory_bytes: int  # of the host, for each further engine
    asked: Mapping[str, Any]  # what the person asked for, so that asking again is recognised
    predicted: Predicted

    def serve_arguments(self) -> dict[str, Any]:
        """What the application's builder takes; a change here restarts replicas, a change of count does not."""
        return {"engine": asdict(self.engine), "gateway": asdict(self.gateway)}

    def to_data(self) -> dict[str, Any]:
        return asdict(self)


def deployment_spec_from_data(data: Mapping[str, Any]) -> DeploymentSpec:
    """Read a spec that was written as JSON; raises TypeError or KeyError on another version's."""
    engine, gateway = dict(data["engine"]), dict(data["gateway"])
    engine["served_model_names"] = tuple(engine["served_model_names"])
    gateway["served_model_names"] = tuple(gateway["served_model_names"])
    parts = {"engine": EngineSpec(**engine), "gateway": GatewaySpec(**gateway)}
    return DeploymentSpec(**{**data, **parts, "predicted": Predicted(**data["predicted"])})


@dataclass(frozen=True)
class Endpoint:
    """Where the gateway shall listen, and whether a key is needed."""

    host: str
    port: int
    keys_required: bool


@dataclass(frozen=True)
class Files:
    """Where a fleet's files are, as text."""

    model_path: str
    mmproj_path: str | None
    log_dir: str
    keys_path: str
    admin_token_path: str


def deployment_spec(
    fleet: str,
    plan: FitPlan,
    fit: Fit,
    files: Files,
    endpoint: Endpoint,
    asked: Mapping[str, Any],
    created_s: int,
) -> DeploymentSpec:
    """The deployment that `fit` describes, on this host's cores."""
    names = served_model_names(fit)
    cpus = plan.inventory.host.cpu_cores
    return DeploymentSpec(
        fleet=fleet,
        engine=EngineSpec(
            engine=fit.profile.engine.value,
            profile=fit.profile.name,
            model_path=files.model_path,
            mmproj_path=files.mmproj_path,
            served_model_names=names,
            max_model_len=fit.max_model_len,
            max_num_seqs=fit.max_num_seqs,
            threads=threads_per_replica(cpus, plan.num_replicas, fit),
            prompt_cache_mib=prompt_cache_mib(fit),
            context_checkpoints=context_checkpoints(fit.max_model_len),
            log_dir=files.log_dir,
        ),
        gateway=GatewaySpec(
            host=endpoint.host,
            port=endpoint.port,
            served_model_names=names,
            max_model_len=fit.max_model_len,
            caution_past_tokens=fit.profile.model.limits.caution_past_tokens,
            max_images=fit.profile.model.limits.images_per_request if files.mmproj_path else 0,
            keys_path=files.keys_path,
            keys_required=endpoint.keys_required,
            admin_token_path=files.admin_token_path,
            created_s=created_s,
        ),
        num_replicas=plan.num_replicas,
        num_cpus=0,
        num_gpus=len(fit.gpu_indices),
        memory_bytes=memory_of_another_replica(fit),
        asked=dict(asked),
        predicted=predicted(fit),
    )


def predicted(fit: Fit) -> Predicted:
    """What `status` shows beside what is measured."""
    memory_bytes = fit.memory.needed_bytes + (prompt_cache_mib(fit) * MIB if fit.device is Device.CPU else 0)
    said = fit.prediction
    return Predicted(memory_bytes, *((said.decode_tok_s, said.saturation_tok_s) if said else (None, None)))


def memory_of_another_replica(fit: Fit) -> int:
    """What one more engine takes of the host's memory: on a CPU all but the model file, and its prompt cache."""
    if fit.device is Device.GPU:
        return 0
    own = sum(part.bytes for part in fit.memory.parts if part.name != "weights")
    return own + fit.profile.weights.mmproj_bytes + prompt_cache_mib(fit) * MIB


def prompt_cache_mib(fit: Fit) -> int:
    """Prompts that an engine keeps for their next turn take a quarter of what the plan leaves free."""
    return max(0, min(MOST_PROMPT_CACHE_MIB, fit.memory.headroom_bytes // 4 // MIB))


def served_model_names(fit: Fit) -> tuple[str, ...]:
    """The names a client may ask for: the model's, and the profile's when it says more."""
    return tuple(dict.fromkeys((fit.profile.model.name, fit.profile.name)))


def threads_per_replica(cpu_cores: int, num_replicas: int, fit: Fit) -> int:
    """An engine's share of the cores; a stand-in model is too small to gain from a second thread."""
    if fit.profile.model.status is ModelStatus.STAND_IN:
        return 1
    return max(1, cpu_cores // num_replicas)
