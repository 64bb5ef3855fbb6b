"""What the user asks for."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.core.device import Device
from orchestrator.core.lora import Lora
from orchestrator.core.objective import Objective
from orchestrator.core.profile import EngineName
from orchestrator.core.replica_bounds import ReplicaBounds


@dataclass(frozen=True)
class Prices:
    """What an hour costs, of a GPU by its product (or any other), and of a host without one; in the user's currency."""

    gpu_hour: tuple[tuple[str, float], ...] = ()  # by product, as NVML names it
    any_gpu_hour: float | None = None
    host_hour: float | None = None


NO_PRICES = Prices()


@dataclass(frozen=True)
class Wish:
    """What the user asked for; `profile` is "auto", a precision, or the name of a profile or of a model."""

    profile: str = "auto"
    model: str | None = None
    engine: EngineName | None = None
    device: Device | None = None
    max_model_len: int | None = None
    max_num_seqs: int | None = None
    num_replicas: int | None = None
    tensor_parallel_size: int | None = None
    objective: Objective = Objective.BALANCED
    min_tok_s: float | None = None  # of one stream
    max_gpus: int | None = None  # of all replicas together
    prices: Prices = NO_PRICES
    loras: tuple[Lora, ...] = ()  # that clients may ask for beside the model
    num_speculative_tokens: int = 0  # drafted by the model's own prediction layer in each pass; 0 is off
    one_host: bool = False  # no replica spans several
    bounds: ReplicaBounds | None = None  # between which replicas follow the load, up to `num_replicas`; None: fixed
