"""How a fleet that runs differs from a plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from orchestrator.core.deployment import DeploymentSpec, Variant
from orchestrator.core.engine_settings import MIB
from orchestrator.core.host_memory import FLEET_RESERVE_BYTES
from orchestrator.core.inventory import Inventory
from orchestrator.core.lora import loras_text
from orchestrator.core.plan import FitPlan
from orchestrator.core.replica_bounds import exactly

SPECULATIVE_TOKENS = "speculative-tokens"


@dataclass(frozen=True)
class Difference:
    """One thing that is otherwise, by the name of the option that says it."""

    name: str
    running: str | int
    planned: str | int


def plan_differences(running: DeploymentSpec, plan: FitPlan) -> tuple[Difference, ...]:
    """Nothing where `qorch up` with this plan would leave the fleet as it is; the plan has a choice."""
    return tuple(each for each in _compared(running, plan) if each.running != each.planned)


def without_fleet(inventory: Inventory, running: DeploymentSpec) -> Inventory:
    """The host as if the fleet's memory were free, as it was when the fleet was planned; a mapped model file is.

    An estimate: by what the fleet was planned to take, less the prompt cache, which may be empty.
    """
    host = inventory.host
    taken = sum(map(_host_bytes, running.variants))
    available = min(host.memory_total_bytes, host.memory_available_bytes + taken + FLEET_RESERVE_BYTES)
    return replace(inventory, host=replace(host, memory_available_bytes=available))


def _host_bytes(variant: Variant) -> int:
    each = variant.memory_bytes - variant.engine.prompt_cache_mib * MIB
    return 0 if variant.num_gpus else variant.num_replicas * max(0, each)


def _replicas(running: DeploymentSpec, plan: FitPlan) -> Difference:
    """A number that follows the load differs from none within its bounds, unless a number or others are asked for."""
    wished = plan.wish.bounds
    if running.bounds is None:
        return Difference("replicas", running.num_replicas, plan.num_replicas if wished is None else str(wished))
    asked = exactly(plan.num_replicas) if plan.wish.num_replicas else running.bounds
    return Difference("replicas", str(running.bounds), str(wished or asked))


def _compared(running: DeploymentSpec, plan: FitPlan) -> Iterator[Difference]:
    fits = list(dict.fromkeys(placement.fit for placement in plan.placements))
    variant, first = running.variants[0], fits[0]
    engine = variant.engine
    yield Difference("profile", running.profiles, " + ".join(fit.profile.name for fit in fits))
    yield Difference("engine", engine.engine, first.profile.engine.value)
    yield Difference("context", engine.max_model_len, first.max_model_len)
    yield Difference("concurrency", engine.max_num_seqs, first.max_num_seqs)
    yield _replicas(running, plan)
    drafted = running.asked.get(SPECULATIVE_TOKENS) or 0
    yield Difference(SPECULATIVE_TOKENS, drafted, first.vllm.num_speculative_tokens)
    yield Difference("lora", running.asked.get("lora") or "none", loras_text(plan.wish.loras) or "none")
    yield Difference("GPUs of a replica", variant.num_gpus, len(first.gpu_indices))
