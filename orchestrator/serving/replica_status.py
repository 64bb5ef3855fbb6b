"""What an engine replica tells of itself, in plain values that travel as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


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


def replica_status(data: Mapping[str, Any]) -> ReplicaStatus:
    """Read a status that crossed a process; raises TypeError or KeyError on another version's."""
    usage = data["kv_cache_usage"]
    fields = {name: kind(data[name]) for name, kind in _KINDS.items()}
    devices = tuple(map(str, data["devices"]))
    return ReplicaStatus(**fields, kv_cache_usage=None if usage is None else float(usage), devices=devices)


_KINDS: dict[str, Any] = {
    name: {"str": str, "int": int, "float": float, "bool": bool}[str(kind)]
    for name, kind in ReplicaStatus.__annotations__.items()
    if name not in ("kv_cache_usage", "devices")
}
