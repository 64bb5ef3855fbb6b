"""A plan as text for people and as data for programs; both show the same object."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from orchestrator.core.amounts import counted
from orchestrator.core.inventory import Gpu, Host, HostGroup, NotAvailable
from orchestrator.core.plan import Candidate, Device, Fit, FitPlan, Memory, Misfit, Placement
from orchestrator.core.profile import Profile
from orchestrator.views.plain import plain
from orchestrator.views.table import GAP, indent, paragraph, shorten_lines, wrapped_table
from orchestrator.views.units import size_text, tokens_text

CANDIDATE_HEADERS = ("PROFILE", "PRECISION", "ENGINE", "SCORE", "WHY")
MEMORY_HEADERS = ("PART", "NEEDS", "HOW")


def plan_text(plan: FitPlan, width: int) -> str:
    """What was detected, what was considered, what will run and what it needs, in lines of at most `width`."""
    return shorten_lines("\n\n".join(_sections(plan, width)), width)


def plan_data(plan: FitPlan) -> dict[str, Any]:
    """The plan for `-o json|yaml`: what was asked, seen, considered and chosen, each with its reason."""
    return {
        "wish": plain(plan.wish),
        "hosts": plain(plan.site.hosts),
        "chosen": None if plan.chosen is None else _fit_data(plan.chosen),
        "placements": [_placement_data(placement) for placement in plan.placements],
        "num_replicas": plan.num_replicas,
        "reason": plan.reason,
        "failure": plain(plan.failure),
        "nearest": plan.nearest,
        "notices": list(plan.notices),
        "candidates": [_candidate_data(candidate) for candidate in plan.candidates],
    }


def hardware_lines(group: HostGroup) -> Iterator[str]:
    """One line for the host and one for each GPU, or why there is none."""
    inventory = group.inventory
    yield f"Hardware ({inventory.source})" + (f", {group.count:,} hosts, each" if group.count > 1 else "")
    yield f"  CPU    {_host_line(inventory.host)}"
    for gpu in inventory.gpus:
        yield f"  GPU {gpu.index}  {gpu.error or _gpu_line(gpu)}"
    if not inventory.gpus:
        yield f"  {inventory.driver.absent or 'no GPU'}"


def candidate_rows(plan: FitPlan) -> list[tuple[str, ...]]:
    """In the order of rank, one row a candidate that can run; the same refusal is said once."""
    grouped = groupby(plan.candidates, key=lambda candidate: candidate.refusal or candidate.profile.name)
    return [_candidate_row(*group) for _, group in grouped]


def memory_rows(memory: Memory) -> list[tuple[str, ...]]:
    """One row a part, then what is left of what is there."""
    parts = [(part.name, size_text(part.bytes), part.why) for part in memory.parts]
    return [*parts, ("headroom", size_text(memory.headroom_bytes), f"of {size_text(memory.available_bytes)} usable")]


def placement_text(placement: Placement) -> str:
    """What will run of one variant, in one line: each replica's GPUs, on how many hosts."""
    fit, hosts = placement.fit, placement.num_hosts
    sets = "; ".join(", ".join(map(str, gpus)) for gpus in placement.gpu_sets)
    where = "CPU" if fit.device is Device.CPU else f"GPU {sets}"
    on_each = f" on each of {hosts:,} hosts" if hosts > 1 else ""
    return (
        f"{fit.profile.name} on {fit.profile.engine}, {where}{on_each}: {tokens_text(fit.max_model_len)} tokens of "
        f"context, {fit.max_num_seqs} sequences, {counted(placement.num_replicas, 'replica')}"
    )


def _sections(plan: FitPlan, width: int) -> Iterator[str]:
    for group in plan.site.hosts:
        yield "\n".join(hardware_lines(group))
    rows = candidate_rows(plan)
    yield "Candidates\n" + indent(wrapped_table(CANDIDATE_HEADERS, rows, width - len(GAP)))
    if plan.chosen is None:
        yield f"Nothing will run\n{paragraph(plan.reason, width)}"
        yield from _missing_memory(plan, width)
        yield f"Nearest\n  {plan.nearest}"
    else:
        lines = [*map(placement_text, plan.placements), plan.reason]
        yield "\n".join(("Will run", *(paragraph(line, width) for line in lines)))
        for fit in dict.fromkeys(placement.fit for placement in plan.placements):
            yield _memory_section(fit.profile, fit.memory, fit.device, width)
    if plan.notices:
        yield "\n".join(("Notices", *(paragraph(notice, width) for notice in plan.notices)))


def _missing_memory(plan: FitPlan, width: int) -> Iterator[str]:
    """The memory of the candidate that came closest, where memory is what it lacks."""
    closest = plan.candidates[0]
    if isinstance(closest.verdict, Misfit) and closest.verdict.memory:
        device = Device.GPU if closest.profile.min_compute_capability else Device.CPU
        yield _memory_section(closest.profile, closest.verdict.memory, device, width)


def _memory_section(profile: Profile, memory: Memory, device: Device, width: int) -> str:
    where = "its host" if device is Device.CPU else "each GPU"
    head = f"Memory of one replica of {profile.name} on {where} ({memory.available_why})"
    return f"{head}\n" + indent(wrapped_table(MEMORY_HEADERS, memory_rows(memory), width - len(GAP)))


def _host_line(host: Host) -> str:
    memory = f"{size_text(host.memory_available_bytes)} of {size_text(host.memory_total_bytes)} memory available"
    return f"{host.cpu_model}, {host.cpu_cores} cores, {memory}, {size_text(host.disk_free_bytes)} disk free"


def _gpu_line(gpu: Gpu) -> str:
    free, total = _size(gpu.memory_free_bytes), _size(gpu.memory_total_bytes)
    return f"{_reading(gpu.name)}, {free} of {total} free, compute capability {_capability(gpu)}"


def _size(reading: int | NotAvailable) -> str:
    return size_text(reading) if isinstance(reading, int) else "not available"


def _reading(reading: str | NotAvailable) -> str:
    return reading if isinstance(reading, str) else "unnamed GPU"


def _capability(gpu: Gpu) -> str:
    reading = gpu.compute_capability
    return "not available" if isinstance(reading, NotAvailable) else ".".join(map(str, reading))


def _candidate_row(first: Candidate, *others: Candidate) -> tuple[str, ...]:
    profile = first.profile
    name = f"{profile.name} and {len(others)} more" if others else profile.name
    score = "-" if first.refusal else f"{first.score:.2f}"
    return (name, profile.precision, profile.engine, score, first.refusal or _why(first))


def _why(candidate: Candidate) -> str:
    """What ranks it; steps that cost or weigh nothing are left to the data."""
    steps = [step for step in candidate.steps if step.weight > 0 and (step.value < 1 or step.name == "headroom")]
    return "; ".join(dict.fromkeys(step.why for step in steps))


def _candidate_data(candidate: Candidate) -> dict[str, Any]:
    profile, verdict = candidate.profile, candidate.verdict
    return {
        "profile": profile.name,
        "model": profile.model.name,
        "precision": profile.precision.value,
        "engine": profile.engine.value,
        "fits": isinstance(verdict, Fit),
        "score": round(candidate.score, 4),
        "refusal": candidate.refusal,
        "steps": plain(candidate.steps),
        "fit": _fit_data(verdict) if isinstance(verdict, Fit) else None,
        "memory": _memory_data(verdict.memory) if isinstance(verdict, Misfit) and verdict.memory else None,
    }


def _fit_data(fit: Fit) -> dict[str, Any]:
    return {
        "profile": fit.profile.name,
        "engine": fit.profile.engine.value,
        "device": fit.device.value,
        "gpu_indices": list(fit.gpu_indices),
        "tensor_parallel_size": fit.tensor_parallel_size,
        "max_model_len": fit.max_model_len,
        "max_num_seqs": fit.max_num_seqs,
        "notes": list(fit.notes),
        "memory": _memory_data(fit.memory),
    }


def _placement_data(placement: Placement) -> dict[str, Any]:
    return {
        "profile": placement.fit.profile.name,
        "host_group": placement.option.group,
        "num_hosts": placement.num_hosts,
        "gpu_sets": plain(placement.gpu_sets),
        "num_replicas": placement.num_replicas,
    }


def _memory_data(memory: Memory) -> dict[str, Any]:
    return {
        **plain(memory),
        "needed_bytes": memory.needed_bytes,
        "headroom_bytes": memory.headroom_bytes,
    }
