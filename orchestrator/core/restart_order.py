"""Which goes first when a replica is given a new engine: the old one, or, where there is room for both, neither."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.core.amounts import counted, gib
from orchestrator.core.deployment import DeploymentSpec, Variant
from orchestrator.core.fleet import Fleet, Replica
from orchestrator.core.profile import EngineName


@dataclass(frozen=True)
class RestartOrder:
    """Whether the new engine is started before the old one goes, and why so."""

    new_first: bool
    why: str

    def __str__(self) -> str:
        return f"{'the new engine starts' if self.new_first else 'the old engine goes'} first: {self.why}"


def restart_order(
    spec: DeploymentSpec, fleet: Fleet, replica: Replica, memory_available_bytes: int | None
) -> RestartOrder:
    """For one replica; the memory is what this host has left, None in a cluster."""
    variant = next((each for each in spec.variants if each.name == replica.deployment), None)
    if problem := _problem(spec, variant, fleet, replica) or _memory(variant, memory_available_bytes):
        return RestartOrder(False, problem)
    return RestartOrder(True, "there is room for both")


def _problem(spec: DeploymentSpec, variant: Variant | None, fleet: Fleet, replica: Replica) -> str:
    """Why two engines have no room at once; empty where only memory may be short."""
    if replica.drained:
        return "it is gone already"
    if spec.on_pods:
        return "a pod has room for one"
    if variant is None or variant.engine.engine == EngineName.OLLAMA.value:
        return "a server of Ollama has one copy of a model" if variant else "its variant is none of the plan's"
    return _gpus(variant, fleet)


def _gpus(variant: Variant, fleet: Fleet) -> str:
    if not variant.num_gpus:
        return ""
    taken, sets = sum(each.deployment == variant.name for each in fleet.engines), len(variant.engine.gpu_sets)
    return "" if taken < sets else f"each of the plan's {counted(sets, 'set')} of GPUs has an engine"


def _memory(variant: Variant | None, available_bytes: int | None) -> str:
    needed_bytes = variant.memory_bytes if variant else 0
    if available_bytes is None or needed_bytes <= available_bytes:
        return ""
    return f"another one takes {gib(needed_bytes)}, {gib(available_bytes)} are available"
