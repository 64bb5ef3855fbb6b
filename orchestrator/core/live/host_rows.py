"""Hosts as rows, and the names that they are shown by."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite

from orchestrator.core.fleet import Fleet
from orchestrator.core.live.reading import HostReading
from orchestrator.core.live.snapshot import HostRow


def host_rows(hosts: Iterable[HostReading]) -> tuple[HostRow, ...]:
    return tuple(map(_row, hosts))


def host_names(hosts: Iterable[HostReading]) -> dict[str, str]:
    """By the addresses that Ray knows them by."""
    return {address: host.host for host in hosts for address in host.addresses}


def placed(fleet: Fleet) -> dict[str, tuple[str, ...]]:
    """Ids of the replicas on each GPU or slice, by its UUID."""
    on: dict[str, tuple[str, ...]] = {}
    for replica in fleet.replicas:
        for uuid in replica.engine.devices if replica.engine else ():
            on[uuid] = (*on.get(uuid, ()), replica.replica_id)
    return on


def _row(host: HostReading) -> HostRow:
    load = host.load
    if load is None:
        return HostRow(host.host)
    percent = load.cpu_percent if isfinite(load.cpu_percent) else None
    return HostRow(host.host, load.cpu_cores, percent, load.memory_used_bytes, load.memory_total_bytes)
