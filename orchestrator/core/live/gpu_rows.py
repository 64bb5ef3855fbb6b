"""GPUs as rows, and what those of one replica come to together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import isfinite
from operator import attrgetter
from types import MappingProxyType
from typing import Any, TypeVar

from orchestrator.core.gpu_holders import Processes, holders_text
from orchestrator.core.inventory import Gpu, NotAvailable
from orchestrator.core.live.reading import HostReading
from orchestrator.core.live.snapshot import GpuRow

T = TypeVar("T")
JOINED: Mapping[str, Callable[[Sequence[Any]], Any]] = {
    "utilization_percent": lambda values: sum(values) / len(values),
    "memory_used_bytes": sum,
    "memory_total_bytes": sum,
    "temperature_c": max,
    "power_w": sum,
    "power_limit_w": sum,
}
MEASURED = attrgetter(*JOINED)
NOTHING: Mapping[str, tuple[str, ...]] = MappingProxyType({})


Placed = Mapping[str, tuple[str, ...]]  # ids of replicas by the UUID of a GPU or slice


def gpu_rows(hosts: Iterable[HostReading], placed: Placed = NOTHING) -> tuple[GpuRow, ...]:
    """A GPU each, or where it is divided, a slice each."""
    return tuple(row for host in hosts for gpu in host.gpus for row in _rows(host, gpu, placed))


def of_replica(gpus: Sequence[GpuRow]) -> dict[str, Any]:
    """Fields of a `ReplicaRow`: means of shares, sums of amounts, the hottest and the first that is held down."""
    if not gpus:
        return {}
    return {
        "host": gpus[0].host,
        "gpus": tuple(dict.fromkeys(gpu.index for gpu in gpus)),
        "device": gpus[0].name,
        **_measured(gpus),
        "throttled": next((gpu.throttled for gpu in gpus if gpu.throttled), ""),
    }


def _rows(host: HostReading, gpu: Gpu, placed: Placed) -> Iterator[GpuRow]:
    """NVML tells utilisation and power of a whole GPU only."""
    if not gpu.mig_instances:
        yield _row(host.host, gpu, **_holders(_told(gpu.uuid) or "", gpu.processes, host, placed))
        return
    whole = _row(host.host, gpu)
    for part in gpu.mig_instances:
        total, free = _told(part.memory_total_bytes), _told(part.memory_free_bytes)
        yield replace(
            whole,
            name=f"{whole.name} MIG {part.profile}",
            uuid=part.uuid,
            utilization_percent=None,
            memory_total_bytes=total,
            memory_used_bytes=None if total is None or free is None else total - free,
            power_w=None,
            power_limit_w=None,
            **_holders(part.uuid, part.processes, host, placed),
        )


def _holders(uuid: str, processes: Processes, host: HostReading, placed: Placed) -> dict[str, Any]:
    """Who is on it; a process that cannot be seen from here may be that of a replica, where there is one."""
    replicas = placed.get(uuid, ())
    known = () if isinstance(processes, NotAvailable) else processes
    others = tuple(
        each
        for each in known
        if each.pid not in host.own_pids and not (replicas and isinstance(each.user, NotAvailable))
    )
    held = any(each.pid in host.own_pids for each in known)
    return {"replicas": replicas, "held": held, "others": holders_text(others) if others else ""}


def _row(host: str, gpu: Gpu, **holders: Any) -> GpuRow:
    return GpuRow(
        host=host,
        index=gpu.index,
        name=_told(gpu.name) or "?",
        uuid=_told(gpu.uuid) or "",
        utilization_percent=_told(gpu.utilization_percent),
        memory_used_bytes=_told(gpu.memory_used_bytes),
        memory_total_bytes=_told(gpu.memory_total_bytes),
        temperature_c=_told(gpu.temperature_c),
        power_w=_told(gpu.power_w),
        power_limit_w=_told(gpu.power_limit_w),
        throttled=_told(gpu.throttled) or "",
        error=gpu.error or "",
        **holders,
    )


def _told(reading: T | NotAvailable) -> T | None:
    """A reading, where there is one that is a number or a word."""
    if isinstance(reading, NotAvailable) or (isinstance(reading, float) and not isfinite(reading)):
        return None
    return reading


def _measured(gpus: Sequence[GpuRow]) -> dict[str, Any]:
    """What is measured of one is what is measured of it alone."""
    if len(gpus) == 1:
        return dict(zip(JOINED, MEASURED(gpus[0]), strict=True))
    columns = zip(*map(MEASURED, gpus), strict=True)
    return {name: _together(name, values) for name, values in zip(JOINED, columns, strict=True)}


def _together(name: str, values: Sequence[Any]) -> Any:
    """None unless every one of them tells."""
    return None if None in values else JOINED[name](values)
