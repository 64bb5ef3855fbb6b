"""How a fleet that runs differs from what is asked for when `up` is called again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from orchestrator.core.deployment import DeploymentSpec
from orchestrator.core.replica_bounds import exactly
from orchestrator.core.scaling.goal_words import goal_data


def differences(running: DeploymentSpec, asked: Mapping[str, Any]) -> tuple[str, ...]:
    """What is asked for otherwise than what runs, in words; the count is the one that `scale` has left.

    What was left open and turned out as it is now asked for does not differ.
    """
    current = {**running.asked, **_counts(running, asked)}
    settled = _settled(running)
    return tuple(
        f"{name}: {current.get(name)} runs, {value} is asked for"
        for name, value in asked.items()
        if value not in (current.get(name), settled.get(name, current.get(name)))
    )


def _counts(running: DeploymentSpec, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What is not asked for does not differ."""
    bounds = running.bounds or exactly(running.num_replicas)
    counts = {
        "replicas": running.num_replicas if bounds.fixed else str(bounds),
        "min-replicas": bounds.min_replicas,
        "max-replicas": bounds.max_replicas,
        **(goal_data(running.scaling.goal) if running.scaling else {}),
    }
    return {name: None if asked.get(name) is None else count for name, count in counts.items()}


def of_all(values: Iterable[Any]) -> Any:
    """What all variants have in common, or in words what they have one after the other."""
    different = list(dict.fromkeys(values))
    return different[0] if len(different) == 1 else " + ".join(map(str, different))


def _settled(running: DeploymentSpec) -> dict[str, Any]:
    """What was chosen for the options that can be left open, by their names."""
    engines = [variant.engine for variant in running.variants]
    return {
        "profile": running.profiles,
        "engine": running.engines,
        "device": of_all(engine.device for engine in engines),
        "context": of_all(engine.max_model_len for engine in engines),
        "concurrency": of_all(engine.max_num_seqs for engine in engines),
        "tensor-parallel-size": of_all(max(1, variant.num_gpus) for variant in running.variants),
    }
