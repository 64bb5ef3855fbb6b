"""What the pod of one replica asks of a node: exact GPUs, memory that it may not exceed, and a share of the cores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.core.accelerators import Accelerator, devices
from orchestrator.core.amounts import GIB, MIB
from orchestrator.core.deployment import DeploymentSpec, Variant
from orchestrator.core.gpu_table import GpuTable
from orchestrator.core.manifests.gpu_nodes import GpuNodes, gpu_nodes
from orchestrator.core.manifests.settings import MigStrategy
from orchestrator.core.plan import FitPlan, Placement

RAY_BYTES = 2 * GIB  # a node's own processes, the replica and a small object store
GPU_HOST_BYTES = 6 * GIB  # for each GPU: CUDA's context, pinned buffers, what weights pass through
SHM_BYTES, NCCL_SHM_BYTES = GIB, 4 * GIB
CORES_PER_GPU = 4
SHARE = 0.75  # of a node's cores, the rest of which is for what runs on every node
START_SLACK = 4.0  # times the predicted load: another disk, a first compilation
LEAST_START_S = 900.0


@dataclass(frozen=True)
class PodNeeds:
    """Of one engine pod."""

    variant: Variant
    gpus: GpuNodes | None  # None on a CPU
    beside_gpus: bool  # whether its node has GPUs, whose taint it has to tolerate even on a CPU
    cpu_cores: int
    memory_bytes: int
    shm_bytes: int
    weights_bytes: int  # on disk
    start_s: float  # in which its engine answers, or it is another pod's turn


def pod_needs(spec: DeploymentSpec, plan: FitPlan, strategy: MigStrategy, table: GpuTable) -> tuple[PodNeeds, ...]:
    """Of each variant of the plan's deployment."""
    return tuple(map(lambda *each: _needs(plan, strategy, table, *each), spec.variants, plan.placements))


def _needs(plan: FitPlan, strategy: MigStrategy, table: GpuTable, variant: Variant, placement: Placement) -> PodNeeds:
    hosts, taken = plan.site.hosts[placement.option.group], tuple(_taken(plan, placement))
    shm_bytes = NCCL_SHM_BYTES if len(taken) > 1 else SHM_BYTES
    weights = placement.fit.profile.weights
    return PodNeeds(
        variant=variant,
        gpus=gpu_nodes(taken[0], hosts.pool, strategy, table) if taken else None,
        beside_gpus=bool(hosts.inventory.gpus),
        cpu_cores=_cores(plan, placement, variant, len(taken)),
        memory_bytes=RAY_BYTES + shm_bytes + _engine_bytes(variant, len(taken)),
        shm_bytes=shm_bytes,
        weights_bytes=weights.bytes + weights.mmproj_bytes,
        start_s=_start_s(placement),
    )


def _taken(plan: FitPlan, placement: Placement) -> Iterator[Accelerator]:
    there = {one.id: one for one in devices(plan.site.hosts[placement.option.group].inventory)[0]}
    return (there[name] for name in placement.gpu_sets[0])


def _cores(plan: FitPlan, placement: Placement, variant: Variant, num_gpus: int) -> int:
    """An even share; on GPUs no more than an engine's processes use."""
    host = plan.site.hosts[placement.option.group].inventory.host
    share = int(SHARE * host.cpu_cores / len(placement.gpu_sets))
    return max(1, min(share, CORES_PER_GPU * num_gpus) if num_gpus else share)


def _engine_bytes(variant: Variant, num_gpus: int) -> int:
    return GPU_HOST_BYTES * num_gpus if num_gpus else variant.predicted.memory_bytes + 256 * MIB


def _start_s(placement: Placement) -> float:
    said = placement.fit.prediction
    return max(LEAST_START_S, START_SLACK * said.cold_start_s) if said else LEAST_START_S
