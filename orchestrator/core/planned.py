"""What a plan that was written down says is to run, read back to be checked against the hardware of today."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.core.plan import Device, Wish

API_VERSION = "qorch.dev/v1alpha1"
KIND = "FitPlan"


@dataclass(frozen=True)
class PlannedHost:
    """The host that the replicas were planned for."""

    described: bool  # rather than probed
    cpu_cores: int
    memory_total_bytes: int
    gpu_names: tuple[tuple[int, str], ...]  # by GPU index


@dataclass(frozen=True)
class Planned:
    """Equal replicas on one host."""

    profile: str
    device: Device
    gpu_sets: tuple[tuple[int, ...], ...]  # one a replica; empty sets: the CPU
    tensor_parallel_size: int
    max_model_len: int
    max_num_seqs: int
    host: PlannedHost

    @property
    def gpu_indices(self) -> frozenset[int]:
        return frozenset().union(*self.gpu_sets)

    @property
    def wish(self) -> Wish:
        """Exactly this, with nothing left open."""
        return Wish(
            profile=self.profile,
            max_model_len=self.max_model_len,
            max_num_seqs=self.max_num_seqs,
            num_replicas=len(self.gpu_sets),
            tensor_parallel_size=self.tensor_parallel_size,
        )
