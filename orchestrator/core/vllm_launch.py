"""What a vLLM server is started with beside its fit, and the rows of the tables that say how."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from orchestrator.core.lora import Lora
from orchestrator.core.plan import Fit
from orchestrator.core.vllm_memory import GPU_MEMORY_UTILIZATION

Value = bool | int | float | str | tuple[str, ...] | None


@dataclass(frozen=True)
class VllmLaunch:
    """What a server is told beside its fit."""

    model_path: str  # a folder: nothing is looked up in the hub
    served_model_names: tuple[str, ...]
    max_num_queued_reqs: int  # that run or wait
    shutdown_timeout_s: int  # how long it finishes what it answers when asked to end
    gpu_memory_utilization: float = GPU_MEMORY_UTILIZATION
    loras: tuple[Lora, ...] = ()
    threads: int = 1  # of each of several replicas that share a CPU


@dataclass(frozen=True)
class Row:
    """A flag or a variable: what it is set to, and why; None and False leave it out."""

    name: str
    value: Callable[[Fit, VllmLaunch], Value]
    why: str
