"""What a source said last stands while it is silent: a screen of zeros would be a lie."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.core.fleet import Fleet, Replica
from orchestrator.core.live.reading import HostReading, Reading

SERVE, GATEWAY, GPUS = "Ray Serve", "gateway", "GPUs"


def carried(before: Reading | None, now: Reading) -> Reading:
    """`now` with what its silent sources said before."""
    silent = {source.name for source in now.sources if source.error}
    if before is None or not silent:
        return now
    fleet = _fleet(before.fleet, now.fleet, silent) if before.fleet and now.fleet else now.fleet
    return replace(
        now,
        fleet=fleet,
        traffic=now.traffic or before.traffic,
        hosts=_hosts(before, now) if GPUS in silent else now.hosts or before.hosts,
        gpu_count=now.gpu_count or before.gpu_count,
        decisions=now.decisions or before.decisions,
    )


def _hosts(before: Reading, now: Reading) -> tuple[HostReading, ...]:
    """A host whose GPUs are not told has those that it had."""
    known = {host.host: host.gpus for host in before.hosts}
    return tuple(replace(host, gpus=host.gpus or known.get(host.host, ())) for host in now.hosts or before.hosts)


def _fleet(before: Fleet, now: Fleet, silent: set[str]) -> Fleet:
    """Phase and conditions are of now: they say what is silent."""
    if SERVE in silent:
        now = replace(
            now,
            replicas=before.replicas,
            target_num_replicas=before.target_num_replicas,
            targets=before.targets,
        )
    if GATEWAY in silent:
        known = {each.replica_id: each for each in before.replicas}
        now = replace(now, replicas=tuple(_engine(known.get(each.replica_id), each) for each in now.replicas))
    return now


def _engine(before: Replica | None, now: Replica) -> Replica:
    return replace(now, engine=now.engine or (before.engine if before else None))
