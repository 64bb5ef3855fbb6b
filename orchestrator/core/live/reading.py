"""What the sources of a fleet said at one moment; totals run from the start of whoever counts them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestrator.core.answered import Answered
from orchestrator.core.fleet import Decided, Fleet
from orchestrator.core.inventory import Gpu
from orchestrator.core.live.histogram import NOTHING, Histogram


@dataclass(frozen=True, slots=True)
class SourceState:
    """One source: when it last answered, in Unix time, and what it says since where it does not."""

    name: str
    at_s: float | None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class EngineTraffic:
    """Requests of one replica as the gateways count them."""

    failed_total: float = 0.0  # that it did not answer as it should; some went to another engine then
    ttft: Histogram = NOTHING


@dataclass(frozen=True, slots=True)
class Traffic:
    """Requests as the gateways count them, together."""

    in_flight: int = 0
    answered_total: float = 0.0
    failed_total: float = 0.0  # answered with 5xx, broken off, or never answered
    retries_total: float = 0.0
    ttft: Histogram = NOTHING
    tpot: Histogram = NOTHING
    engines: Mapping[str, EngineTraffic] = field(default_factory=dict)  # by replica id
    requests: tuple[Answered, ...] = ()  # the last that were answered well, in the order of their ends
    failed_requests: tuple[Answered, ...] = ()  # the last that were not: failed, refused, or left by their clients


@dataclass(frozen=True, slots=True)
class HostLoad:
    """What a host's processor and memory do, whoever uses them."""

    cpu_cores: int
    cpu_percent: float  # of all its cores, since the reading before
    memory_used_bytes: int
    memory_total_bytes: int  # or what a control group leaves of it


@dataclass(frozen=True, slots=True)
class HostReading:
    """One host: its GPUs, and what it is known by to Ray."""

    host: str
    gpus: tuple[Gpu, ...] = ()
    load: HostLoad | None = None
    addresses: frozenset[str] = frozenset()
    own_pids: frozenset[int] = frozenset()  # of the fleet's processes, among those on the GPUs


@dataclass(frozen=True, slots=True)
class GpuCount:
    """How many GPUs a fleet has, and how many it could have with them; None: that is not known."""

    used: int
    total: int | None


@dataclass(frozen=True, slots=True)
class Reading:
    """None, or nothing, where a source did not answer; `sources` says which, and when it last did."""

    at_s: float
    fleet: Fleet | None
    traffic: Traffic | None = None
    hosts: tuple[HostReading, ...] = ()
    decisions: tuple[Decided, ...] = ()
    sources: tuple[SourceState, ...] = ()
    gpu_count: GpuCount | None = None  # None: as many as `hosts` and the fleet tell
