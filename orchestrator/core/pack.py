"""Where replicas go: options of one model, the best first, onto the GPUs and hosts that are still free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from orchestrator.core.accelerators import DeviceId
from orchestrator.core.device import Device
from orchestrator.core.gpu_sets import gpu_sets
from orchestrator.core.inventory import Site
from orchestrator.core.plan import Option, Placement


@dataclass(frozen=True)
class Pool:
    """Equal hosts of one group, with the GPUs that are free on each of them."""

    group: int
    num_hosts: int
    taken: frozenset[DeviceId] = frozenset()
    cpu_taken: bool = False  # by a replica that runs on it, which shares the host with none on GPUs


@dataclass(frozen=True)
class Budget:
    """What may still be placed; None is without bound."""

    replicas: int | None
    gpus: int | None

    def replicas_of(self, gpus_each: int) -> int | None:
        bounds = [self.replicas] if self.replicas is not None else []
        if self.gpus is not None and gpus_each:
            bounds.append(self.gpus // gpus_each)
        return min(bounds, default=None)

    def less(self, placements: Sequence[Placement]) -> Budget:
        replicas = sum(placement.num_replicas for placement in placements)
        gpus = sum(placement.num_gpus for placement in placements)
        return Budget(
            None if self.replicas is None else self.replicas - replicas,
            None if self.gpus is None else self.gpus - gpus,
        )


def pack(options: Sequence[Option], site: Site, budget: Budget) -> tuple[Placement, ...]:
    """Each option onto all that it can take of what the better ones left, until the budget is used."""
    pools = [Pool(index, group.count) for index, group in enumerate(site.hosts)]
    placements: list[Placement] = []
    for option in options:
        rest = [pool for pool in pools if pool.group != option.group]
        for pool in (pool for pool in pools if pool.group == option.group):
            placed, left = _place(option, pool, site, budget.less(placements))
            placements += placed
            rest += left
        pools = rest
    return tuple(placements)


def _place(option: Option, pool: Pool, site: Site, budget: Budget) -> tuple[list[Placement], list[Pool]]:
    """What goes onto the hosts of one pool, and the pools that remain of it."""
    sets = _sets(option, pool, site)
    wanted = budget.replicas_of(option.fit.num_gpus)
    if not sets or wanted == 0:
        return [], [pool]
    span = option.fit.pipeline_parallel_size
    spans = pool.num_hosts // span
    full = spans if wanted is None else min(spans, wanted // len(sets))
    rest = 0 if wanted is None or full == spans else wanted % len(sets)
    shares = [(full * span, sets), (span * (rest > 0), sets[:rest])]
    placed = [Placement(option, share, hosts) for hosts, share in shares if hosts]
    used = [_used(pool, placement) for placement in placed]
    left = pool.num_hosts - sum(each.num_hosts for each in used)
    return placed, [*used, *([replace(pool, num_hosts=left)] if left else [])]


def _sets(option: Option, pool: Pool, site: Site) -> tuple[tuple[DeviceId, ...], ...]:
    """The GPUs of each replica that one host of the pool has room for; an empty set for each on its CPU."""
    if pool.cpu_taken or (option.fit.device is Device.CPU and pool.taken):
        return ()
    if option.fit.device is Device.CPU:
        return ((),) * option.fit.replicas_per_host
    return gpu_sets(option.fit, site.hosts[pool.group].inventory, pool.taken)


def _used(pool: Pool, placement: Placement) -> Pool:
    taken = pool.taken.union(*placement.gpu_sets)
    return Pool(pool.group, placement.num_hosts, taken, placement.fit.device is Device.CPU)
