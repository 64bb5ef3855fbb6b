"""What one vLLM replica holds on each of its GPUs, part by part: as vLLM 0.33.0 does."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil

from orchestrator.core.amounts import GIB, counted
from orchestrator.core.assumed import architecture_of, assumption
from orchestrator.core.device_memory import MemoryPart
from orchestrator.core.parameters import checkpoint_bytes
from orchestrator.core.plan import Shape
from orchestrator.core.profile import Architecture, Profile
from orchestrator.core.vllm_activations import activations
from orchestrator.core.vllm_blocks import Blocks, blocks
from orchestrator.core.vllm_lora import lora_bytes
from orchestrator.core.vllm_options import VllmOptions
from orchestrator.core.vllm_pipeline import Stage, stages
from orchestrator.core.vllm_pool import NULL_BLOCKS, PoolReport, pool_report
from orchestrator.core.vllm_weights import GpuWeights, gpu_weights

GPU_MEMORY_UTILIZATION = 0.92  # vLLM's default
CONTEXT_BYTES = 3 * GIB // 4  # estimate: CUDA context, libraries, NCCL buffers
CPU_PROCESS_BYTES = 7 * GIB // 4  # measured: the server's and the engine's process, with what they import
CUDA_GRAPH_BYTES = 3 * GIB // 4  # estimate, as vLLM makes one before it captures them


def vllm_parts(profile: Profile, shape: Shape) -> tuple[MemoryPart, ...]:
    """One request of the full context, a block for each other sequence, and a state for every sequence.

    Of several pipeline stages, the one that needs the most.
    """
    return max((_stage_parts(profile, shape, stage) for stage in _stages(profile, shape)), key=_needed)


def vllm_pool(profile: Profile, shape: Shape, available_bytes: int) -> PoolReport:
    """What vLLM will report when it starts, of the stage that has the fewest blocks."""
    reports = (_stage_pool(profile, shape, stage, available_bytes) for stage in _stages(profile, shape))
    return min(reports, key=lambda report: report.num_blocks)


def _stages(profile: Profile, shape: Shape) -> tuple[Stage, ...]:
    return stages(architecture_of(profile.model), shape.pipeline_parallel_size)


def _stage_parts(profile: Profile, shape: Shape, stage: Stage) -> tuple[MemoryPart, ...]:
    unit = _unit(profile, shape, stage)
    return (
        _weights(profile, shape, stage),
        _kv_cache(profile, shape, unit),
        _recurrent_state(profile, shape, unit),
        _activations(profile, shape),
        _overhead(shape, unit),
        *_lora(profile, shape),
    )


def _stage_pool(profile: Profile, shape: Shape, stage: Stage, available_bytes: int) -> PoolReport:
    """The pool takes what the other parts leave, and its null block is among its own."""
    unit = _unit(profile, shape, stage)
    others = [part for part in _stage_parts(profile, shape, stage) if part.name not in ("kv_cache", "recurrent_state")]
    pool_bytes = available_bytes - _needed(others) + NULL_BLOCKS * unit.bytes
    return pool_report(unit, shape.max_model_len, max(0, pool_bytes))


def _unit(profile: Profile, shape: Shape, stage: Stage) -> Blocks:
    return stage.blocks(blocks(architecture_of(profile.model), shape.tensor_parallel_size, shape.vllm))


def _needed(parts: Iterable[MemoryPart]) -> int:
    return sum(part.bytes for part in parts)


def _weights(profile: Profile, shape: Shape, stage: Stage) -> MemoryPart:
    """As vLLM lays the checkpoint out, in proportion where it is not of the official size."""
    architecture, tp, stored = profile.model.architecture, shape.tensor_parallel_size, profile.weights
    over = f", over {tp} GPUs" if tp > 1 else ""
    if shape.pipeline_parallel_size > 1:
        over += f", of {shape.pipeline_parallel_size} stages that of {stage.architecture.num_hidden_layers} layers"
    if architecture is None:
        return MemoryPart("weights", ceil(stored.bytes / tp), f"{stored.bytes:,} B, {stored.bytes_status}{over}")
    held = gpu_weights(stage.architecture, profile.precision, tp, shape.vllm)
    official = checkpoint_bytes(architecture, profile.precision)
    why = f"{_held(architecture, held)} of a checkpoint of {stored.bytes:,} B, {stored.bytes_status}{over}"
    return MemoryPart("weights", ceil(held.bytes * stored.bytes / official), why)


def _held(architecture: Architecture, held: GpuWeights) -> str:
    """What is loaded, and what stays on disk."""
    loaded = [("text", held.text), ("prediction layers", held.prediction), ("vision encoder", held.vision)]
    left = "; prediction layers stay on disk" if architecture.mtp_num_hidden_layers and not held.prediction else ""
    return " + ".join(f"{name} {amount:,} B" for name, amount in loaded if amount) + left + ","


def _kv_cache(profile: Profile, shape: Shape, unit: Blocks) -> MemoryPart:
    longest, others = unit.context_blocks(shape.max_model_len), shape.max_num_seqs - 1
    why = (
        f"({longest} blocks for {shape.max_model_len:,} tokens + {others} for other sequences) x {unit.bytes:,} B; "
        f"a block has {unit.tokens:,} tokens{assumption(profile.model)}"
    )
    return MemoryPart("kv_cache", (longest + others * unit.attention_groups) * unit.bytes, why)


def _recurrent_state(profile: Profile, shape: Shape, unit: Blocks) -> MemoryPart:
    why = (
        f"{counted(shape.max_num_seqs, 'sequence')} x {unit.state_blocks} blocks x {unit.bytes:,} B"
        f"{assumption(profile.model)}"
    )
    return MemoryPart("recurrent_state", shape.max_num_seqs * unit.state_blocks * unit.bytes, why)


def _activations(profile: Profile, shape: Shape) -> MemoryPart:
    peak = activations(architecture_of(profile.model), shape.tensor_parallel_size, shape.max_num_seqs, shape.vllm)
    why = (
        f"image {peak.embeddings:,} B + the most of encoder {peak.image:,} B, prefill of "
        f"{shape.vllm.max_num_batched_tokens:,} tokens {peak.prefill:,} B, sampling {peak.sampling:,} B: estimated"
    )
    return MemoryPart("activations", peak.bytes, why)


def _overhead(shape: Shape, unit: Blocks) -> MemoryPart:
    null_bytes = NULL_BLOCKS * unit.bytes
    null = f"the pool's null block {null_bytes:,} B"
    if shape.vllm.on_cpu:
        return MemoryPart("overhead", CPU_PROCESS_BYTES + null_bytes, f"processes {CPU_PROCESS_BYTES:,} B; {null}")
    graphs = _graph_bytes(shape.vllm)
    why = f"CUDA context and NCCL buffers {CONTEXT_BYTES:,} B, CUDA graphs {graphs:,} B: estimated; {null}"
    return MemoryPart("overhead", CONTEXT_BYTES + graphs + null_bytes, why)


def _graph_bytes(options: VllmOptions) -> int:
    return 0 if options.enforce_eager else CUDA_GRAPH_BYTES


def _lora(profile: Profile, shape: Shape) -> tuple[MemoryPart, ...]:
    """A part only where adapters are served."""
    if not shape.vllm.max_loras:
        return ()
    amount = lora_bytes(architecture_of(profile.model), shape.tensor_parallel_size, shape.vllm)
    why = f"{counted(shape.vllm.max_loras, 'adapter')} of rank {shape.vllm.max_lora_rank} for every layer"
    return (MemoryPart("lora", amount, f"{why}{assumption(profile.model)}"),)
