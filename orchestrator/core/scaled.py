"""Another number of replicas for a fleet that runs: which variants grow, and which shrink."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from math import inf

from orchestrator.core.deployment import DeploymentSpec, Variant
from orchestrator.core.fleet import Fleet
from orchestrator.core.replica_bounds import ReplicaBounds


def scaled(spec: DeploymentSpec, num_replicas: int) -> DeploymentSpec:
    """The best variant grows first, as far as it has GPUs, and the last one shrinks first.

    Where the GPUs are too few for `num_replicas`, it has as many as they are enough for.
    """
    left = num_replicas
    counts = []
    for variant in spec.variants:
        counts.append(min(variant.num_replicas, left))
        left -= counts[-1]
    for index, variant in enumerate(spec.variants):
        further = int(min(_most(variant) - counts[index], left))
        counts[index] += further
        left -= further
    variants = [replace(one, num_replicas=count) for one, count in zip(spec.variants, counts, strict=True)]
    return replace(spec, variants=tuple(variants))


def bounded(spec: DeploymentSpec, bounds: ReplicaBounds) -> DeploymentSpec:
    """A fleet that starts with the fewest replicas, and may have any number between; of each variant as `scaled`."""
    fewest, most = scaled(spec, bounds.min_replicas), scaled(spec, bounds.max_replicas)
    variants = tuple(
        replace(few, bounds=ReplicaBounds(few.num_replicas, many.num_replicas))
        for few, many in zip(fewest.variants, most.variants, strict=True)
    )
    return replace(spec, variants=variants)


def as_seen(spec: DeploymentSpec, fleet: Fleet | None) -> DeploymentSpec:
    """With as many replicas of each variant as there are, where their number follows the load."""
    if spec.bounds is None or fleet is None:
        return spec
    counts = Counter(replica.deployment for replica in fleet.engines if replica.state != "STOPPING")
    return replace(spec, variants=tuple(replace(each, num_replicas=counts[each.name]) for each in spec.variants))


def most_replicas(spec: DeploymentSpec, available_bytes: int | None) -> int | None:
    """How many the GPUs, or planned pods, and the memory that is left have room for; None without bound."""
    most = sum(variant.num_replicas + _further(variant, available_bytes) for variant in spec.variants)
    return None if most == inf else int(most)


def host_bytes(spec: DeploymentSpec) -> int:
    """What all engine replicas take of the host's memory."""
    return sum(variant.num_replicas * variant.memory_bytes for variant in spec.variants)


def _most(variant: Variant) -> float:
    return inf if variant.most_replicas is None else variant.most_replicas


def _further(variant: Variant, available_bytes: int | None) -> float:
    room = inf if available_bytes is None or not variant.memory_bytes else available_bytes // variant.memory_bytes
    return min(_most(variant) - variant.num_replicas, room)
