"""How the engine replicas of a fleet are started: plain fields that travel as JSON to where they run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from orchestrator.core.progress import UNPREDICTED_STALL_S

POD_LOG = "engine.log"
QUEUE_PER_ENGINE = 256  # requests that may wait at one engine beyond those it decodes


@dataclass(frozen=True)
class EngineSpec:
    """How each replica of a variant starts its engine; a field that says nothing to an engine keeps its default."""

    engine: str
    profile: str
    device: str  # "cpu" or "gpu"
    model_path: str
    mmproj_path: str | None
    served_model_names: tuple[str, ...]
    max_model_len: int
    max_num_seqs: int
    log_dir: str
    threads: int = 1
    prompt_cache_mib: int = 0
    context_checkpoints: int = 0  # of each slot
    arguments: tuple[str, ...] = ()  # the engine's own command line, where it has one
    environment: tuple[tuple[str, str], ...] = ()
    gpu_sets: tuple[tuple[str, ...], ...] = ()  # UUIDs: a replica takes the first of these sets that is free
    gpu_free_bytes: int = 0  # of each of its GPUs, before the engine starts
    gpu_memory_utilization: float = 0.0  # the share of each GPU's memory that has to be free
    gpu_compute_capability: tuple[int, int] = (0, 0)  # the least that its kernels need
    stall_s: float | None = UNPREDICTED_STALL_S  # without a token while it has work; None where it counts none
    claims_dir: str = ""  # where the GPUs that are taken are noted, for all fleets of this host
    host: str = "127.0.0.1"  # where its server listens
    port: int = 0  # 0: one that is free; another: on its node's address, for gateways on other nodes

    def log_name(self, replica_id: str) -> str:
        """Of a replica's engine; a pod has one at a time, and somebody beside it who reads the log."""
        return POD_LOG if self.port else f"engine-{replica_id}.log"

    @property
    def max_in_flight(self) -> int:
        return self.max_num_seqs + QUEUE_PER_ENGINE


def engine_spec_from_data(data: Mapping[str, Any]) -> EngineSpec:
    """Read a spec that was written as JSON; raises TypeError or KeyError on another version's."""
    spec = EngineSpec(**data)
    return replace(
        spec,
        served_model_names=tuple(data["served_model_names"]),
        arguments=tuple(data["arguments"]),
        environment=tuple((name, value) for name, value in data["environment"]),
        gpu_sets=tuple(tuple(one) for one in data["gpu_sets"]),
        gpu_compute_capability=tuple(data["gpu_compute_capability"]),
    )
