"""A fleet at one moment as it is watched, recorded and replayed: rates instead of totals; never a prompt."""

from __future__ import annotations

from dataclasses import dataclass, field

from orchestrator.core.answered import Answered
from orchestrator.core.fleet import Condition, Decided
from orchestrator.core.live.event import Event
from orchestrator.core.live.reading import SourceState
from orchestrator.core.start_steps import Steps


@dataclass(frozen=True, slots=True)
class GpuRow:
    """One GPU; None where its driver does not tell."""

    host: str
    index: int
    name: str
    uuid: str
    utilization_percent: float | None = None
    memory_used_bytes: int | None = None
    memory_total_bytes: int | None = None
    temperature_c: float | None = None
    power_w: float | None = None
    power_limit_w: float | None = None
    throttled: str = ""  # why its clocks are held down; empty where they are not
    error: str = ""
    replicas: tuple[str, ...] = ()  # ids of those that are on it
    held: bool = False  # whether processes of the fleet hold its memory
    others: str = ""  # who else holds its memory


@dataclass(frozen=True, slots=True)
class HostRow:
    """One host; None where nobody tells."""

    host: str
    cpu_cores: int | None = None
    cpu_percent: float | None = None  # of all its cores
    memory_used_bytes: int | None = None
    memory_total_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class ReplicaRow:
    """One replica; None where nobody tells, or where there was too little to measure."""

    replica_id: str
    deployment: str
    state: str  # as Ray Serve says it
    reason: str
    ready: bool
    host: str = ""
    gpus: tuple[int, ...] = ()  # indices on its host
    device: str = ""
    utilization_percent: float | None = None  # of its GPUs, on average
    memory_used_bytes: int | None = None  # of its GPUs together, or of its process where it has none
    memory_total_bytes: int | None = None
    temperature_c: float | None = None  # of the hottest
    power_w: float | None = None  # together
    power_limit_w: float | None = None
    throttled: str = ""
    kv_cache_usage: float | None = None
    num_requests_running: int | None = None
    num_requests_waiting: int | None = None
    max_num_seqs: int | None = None
    generation_tok_s: float | None = None
    prompt_tok_s: float | None = None
    share_tok_s: float | None = None  # its part of the fleet's target, or what the plan said it can do
    tpot_s: float | None = None  # mean over the window
    load_s: float | None = None  # from the engine's start until it answered
    started_at_s: float | None = None  # Unix time
    placed_s: float | None = None  # from Ray Serve's start of it until the engine's
    start_steps: Steps = field(default_factory=dict)  # seconds of each step of its start, in their order
    predicted_start_s: float | None = None  # of the plan, from weights on a local disk to the first answer
    ttft_p50_s: float | None = None  # of what it answered in the window
    ttft_p99_s: float | None = None
    prefix_cache_hits: float | None = None  # share of the prompts' tokens that it still knew, over the window
    errors_per_min: float | None = None  # requests that it did not answer as it should
    restarts: int = 0  # of its variant, since it is watched
    restart_reason: str = ""  # of the last of them
    revision: str = ""  # what it runs


@dataclass(frozen=True, slots=True)
class Summary:
    """The fleet as a whole; None as in a row."""

    generation_tok_s: float | None = None
    prompt_tok_s: float | None = None
    target_tok_s: float | None = None
    ttft_p50_s: float | None = None
    ttft_p99_s: float | None = None
    ttft_goal_s: float | None = None
    tpot_p50_s: float | None = None  # of answers
    tpot_p99_s: float | None = None
    tpot_goal_s: float | None = None
    num_requests_running: int = 0
    num_requests_waiting: int = 0
    num_requests_held: int = 0
    in_flight: int | None = None
    requests_per_s: float | None = None
    errors_per_min: float | None = None
    ready_replicas: int = 0
    target_num_replicas: int = 0
    failed_replicas: int = 0
    gpus_used: int = 0
    gpus_total: int = 0  # 0: not known
    cost_per_hour: float | None = None
    cost_per_million: float | None = None  # generated tokens, at the rate of now


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`phase` is empty while nothing has been seen of the fleet."""

    at_s: float  # Unix time
    fleet: str
    phase: str = ""
    model: str = ""
    profile: str = ""
    endpoint: str = ""
    goal: str = ""
    summary: Summary = field(default_factory=Summary)
    replicas: tuple[ReplicaRow, ...] = ()
    hosts: tuple[HostRow, ...] = ()
    gpus: tuple[GpuRow, ...] = ()
    conditions: tuple[Condition, ...] = ()
    decisions: tuple[Decided, ...] = ()  # the latest last
    events: tuple[Event, ...] = ()  # since the snapshot before
    sources: tuple[SourceState, ...] = ()
    requests: tuple[Answered, ...] = ()  # the last that were answered well, in the order of their ends
    failed_requests: tuple[Answered, ...] = ()  # the last that were not: failed, refused, or left by their clients
