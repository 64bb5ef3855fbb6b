"""What an engine replica tells of itself, in plain values that travel as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrator.core.live.told_gpus import NO_GPUS, TOLD_GPUS, ToldGpus


@dataclass(frozen=True)
class ReplicaStatus:
    """One engine replica at one moment; counters run from the engine's start."""

    replica_id: str
    deployment: str  # the variant's
    host: str
    port: int
    model: str  # the engine's own name of it; empty where it answers to the served names
    engine: str
    ready: bool
    reason: str
    replica_pid: int
    engine_pid: int
    max_num_seqs: int
    max_in_flight: int
    started_at_s: float  # Unix time
    load_s: float  # from the engine's start until it answered a completion
    num_requests_running: int
    num_requests_waiting: int
    prompt_tokens_total: int
    generation_tokens_total: int
    generation_s_total: float
    kv_cache_usage: float | None = None
    devices: tuple[str, ...] = ()  # UUIDs of its GPUs
    gpus: ToldGpus = NO_GPUS
    prefix_cache_queries_total: int | None = None
    prefix_cache_hits_total: int | None = None
    revision: str = ""  # what it runs: the profile, and the version of the engine
    task: str = ""  # what it is at because a person asked: draining, drained, restarting
    orders_by_hand: int = 0  # that it has taken
    restarts_by_hand: int = 0  # that came to their end
    trouble_by_hand: str = ""  # what went wrong with what was asked last
    start_steps: dict[str, float] = field(default_factory=dict)  # seconds of each step of its start, in their order


def status_data(status: ReplicaStatus) -> dict[str, Any]:
    """A status as it crosses processes."""
    return {**vars(status), "gpus": TOLD_GPUS.plain(status.gpus)}


def replica_status(data: Mapping[str, Any]) -> ReplicaStatus:
    """Read a status that crossed a process; raises TypeError, KeyError or ValueError on another version's."""
    return ReplicaStatus(**{name: kind(data[name]) for name, kind in _KINDS.items()})


def _maybe(kind: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else kind(value)


def _texts(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(map(str, values))


def _seconds(value: Mapping[Any, Any]) -> dict[str, float]:
    return {str(name): float(each) for name, each in value.items()}


_READ: dict[str, Callable[[Any], Any]] = {
    "str": str,
    "int": int,
    "float": float,
    "bool": bool,
    "int | None": _maybe(int),
    "float | None": _maybe(float),
    "tuple[str, ...]": _texts,
    "ToldGpus": TOLD_GPUS.value,
    "dict[str, float]": _seconds,
}
_KINDS = {name: _READ[str(kind)] for name, kind in ReplicaStatus.__annotations__.items()}
