"""A plan as text for people: what is here, what will run, what it needs and gives, and what else there was."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.core.amounts import counted
from orchestrator.core.device import Device
from orchestrator.core.inventory import NodePool
from orchestrator.core.plan import FitPlan, Placement
from orchestrator.views.candidates import candidates_text
from orchestrator.views.expected import expected_text
from orchestrator.views.hardware import hardware_lines
from orchestrator.views.memory import fit_memory_text, misfit_memory_text
from orchestrator.views.table import hanging, paragraph, shorten_lines
from orchestrator.views.units import tokens_text


def plan_text(plan: FitPlan, width: int, all_candidates: bool = False) -> str:
    """In lines of at most `width`; of the candidates only the best few, unless all are wanted."""
    return shorten_lines("\n\n".join(_sections(plan, width, all_candidates)), width)


def placement_text(placement: Placement, pool: NodePool | None = None) -> str:
    """What will run of one variant, in one line: each replica's GPUs, on how many hosts or which nodes."""
    fit, hosts = placement.fit, placement.num_hosts
    sets = "; ".join(", ".join(map(str, gpus)) for gpus in placement.gpu_sets)
    where = "CPU" if fit.device is Device.CPU else f"GPU {sets}"
    on_each = f" on each of {hosts:,} hosts" if hosts > 1 else ""
    if pool is not None:
        on_each = f" on {hosts:,} of {len(pool.nodes):,} nodes like {pool.nodes[0]}"
    return (
        f"{fit.profile.name} on {fit.profile.engine}, {where}{on_each}: {tokens_text(fit.max_model_len)} tokens of "
        f"context, {counted(fit.max_num_seqs, 'sequence')}, {counted(placement.num_replicas, 'replica')}"
    )


def _sections(plan: FitPlan, width: int, all_candidates: bool) -> Iterator[str]:
    for group in plan.site.hosts:
        yield "\n".join("\n".join(hanging(line, width)) for line in hardware_lines(group))
    yield from _nothing(plan, width) if plan.chosen is None else _chosen(plan, width)
    yield candidates_text(plan, width, all_candidates)
    if plan.notices:
        yield "\n".join(("Notices", *(paragraph(notice, width) for notice in plan.notices)))


def _chosen(plan: FitPlan, width: int) -> Iterator[str]:
    placed = (placement_text(each, plan.site.hosts[each.option.group].pool) for each in plan.placements)
    lines = [*placed, *_adapters(plan), plan.reason]
    yield "\n".join(("Will run", *(paragraph(line, width) for line in lines)))
    for fit in dict.fromkeys(placement.fit for placement in plan.placements):
        yield fit_memory_text(fit, width)
    yield from expected_text(plan, width)


def _adapters(plan: FitPlan) -> Iterator[str]:
    if plan.wish.loras:
        each = ", ".join(f"{lora.name} (rank {max(lora.adapter.ranks)})" for lora in plan.wish.loras)
        yield f"with {counted(len(plan.wish.loras), 'LoRA adapter')}: {each}"


def _nothing(plan: FitPlan, width: int) -> Iterator[str]:
    """Why, and the memory of the candidate that came closest, where memory is what it lacks."""
    yield f"Nothing will run\n{paragraph(plan.reason, width)}"
    if misfit := plan.candidates[0].misfit:
        yield from misfit_memory_text(misfit, width)
    yield f"Nearest\n  {plan.nearest}"
