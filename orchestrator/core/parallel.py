"""How a model may be divided over equal devices, by what vLLM 0.33.0 accepts."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.core.assumed import architecture_of
from orchestrator.core.profile import Architecture, Precision, Profile

TENSOR_PARALLEL_SIZES = (1, 2, 4, 8, 16)
QUANTISED_BLOCK = 128  # weights that share a scale, which no split may cut (fp8_utils.py; auto_gptq.py, group 128)


@dataclass(frozen=True)
class Split:
    """One way to divide a model over a host's devices."""

    tensor_parallel_size: int
    enable_expert_parallel: bool = False  # whole experts on each device, the rest as under tensor parallelism


def splits(profile: Profile) -> tuple[Split, ...]:
    """One for each size that the model allows; experts stay whole where dividing them would cut quantised blocks."""
    found = (_split(profile, size) for size in TENSOR_PARALLEL_SIZES)
    return tuple(split for split in found if split is not None)


def _split(profile: Profile, size: int) -> Split | None:
    architecture = architecture_of(profile.model)
    if architecture.num_attention_heads % size or architecture.linear_num_key_heads % size:
        return None
    if _is_whole(profile.precision, _feed_forward_width(architecture), size):
        return Split(size)
    return Split(size, enable_expert_parallel=True) if _keeps_experts(profile.precision, architecture, size) else None


def _keeps_experts(precision: Precision, architecture: Architecture, size: int) -> bool:
    """Expert parallelism leaves the shared expert divided, which FP8 quantises and GPTQ does not (qwen3_next.py)."""
    experts = architecture.experts
    if experts is None or experts.num_experts < size:
        return False
    return precision is Precision.GPTQ or _is_whole(precision, experts.shared_expert_intermediate_size, size)


def _is_whole(precision: Precision, width: int, size: int) -> bool:
    """Whether each part of a matrix of this width has whole blocks."""
    quantised = precision in (Precision.FP8, Precision.GPTQ)
    return size == 1 or not quantised or width % (size * QUANTISED_BLOCK) == 0


def _feed_forward_width(architecture: Architecture) -> int:
    """The width that tensor parallelism divides: of the dense part, or of each expert."""
    if architecture.experts is not None:
        return architecture.experts.moe_intermediate_size
    return architecture.intermediate_size or 0
