"""A plan that `qorch plan -o yaml` or `-o json` has written, read back for `qorch up --plan`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from orchestrator.adapters.plan_schema import HostGroupEntry, PlacementEntry, PlanFile, PlanHead
from orchestrator.adapters.yaml_file import Document, read_yaml, validate
from orchestrator.core.device import Device
from orchestrator.core.errors import UsageError
from orchestrator.core.lora import Lora
from orchestrator.core.planned import Planned, PlannedHost
from orchestrator.core.replica_bounds import ReplicaBounds


def read_plan(path: Path, profile_names: Collection[str]) -> tuple[Planned, ...]:
    """What the plan places; raises UsageError with file, line and field, also for another version's document."""
    return plan_of(read_yaml(path, UsageError), profile_names)


def plan_of(document: Document, profile_names: Collection[str]) -> tuple[Planned, ...]:
    """As `read_plan`, of a document that was read already."""
    _require_version(document)
    file = validate(document, PlanFile, UsageError, context=profile_names)
    if not file.placements:
        raise UsageError(
            f"{document.path}: the plan places nothing: {file.reason or 'no reason given'}", hint="qorch plan"
        )
    loras = tuple(Lora(name, path) for name, path in sorted(file.loras.items()))
    bounds = ReplicaBounds(file.bounds.min_replicas, file.bounds.max_replicas) if file.bounds else None
    planned = (_planned(each, file.hosts[each.host_group], loras) for each in file.placements)
    return tuple(replace(each, bounds=bounds) for each in planned)


def _require_version(document: Document) -> None:
    try:
        validate(document, PlanHead, UsageError)
    except UsageError as wrong:
        raise UsageError(wrong.message, hint="qorch plan -o yaml > plan.yaml") from wrong


def _planned(entry: PlacementEntry, group: HostGroupEntry, loras: tuple[Lora, ...]) -> Planned:
    fit = entry.fit
    return Planned(
        profile=fit.profile,
        device=Device(fit.device),
        device_name=fit.device_name,
        gpu_sets=tuple(map(tuple, entry.gpu_sets)),
        num_hosts=entry.num_hosts,
        tensor_parallel_size=fit.tensor_parallel_size,
        max_model_len=fit.max_model_len,
        max_num_seqs=fit.max_num_seqs,
        host=_host(group),
        loras=loras,
        num_speculative_tokens=fit.num_speculative_tokens,
        host_group=entry.host_group,
    )


def _host(group: HostGroupEntry) -> PlannedHost:
    inventory = group.inventory
    return PlannedHost(
        described=inventory.source != "probed",
        cpu_cores=inventory.host.cpu_cores,
        memory_total_bytes=inventory.host.memory_total_bytes,
    )
