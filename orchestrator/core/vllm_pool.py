"""What vLLM reports of its pool when it starts, and when it refuses to start.

vLLM 0.33.0: v1/core/kv_cache_utils.py (`get_kv_cache_capacity`), v1/core/kv_cache_planning.py
(`get_kv_cache_configs`), config/compilation.py (blocks for CUDA graphs).
"""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.core.amounts import counted
from orchestrator.core.profile import Architecture
from orchestrator.core.vllm_blocks import Blocks, blocks
from orchestrator.core.vllm_options import VllmOptions

NULL_BLOCKS = 1  # held back for ever, to stand where a block was freed


@dataclass(frozen=True)
class PoolReport:
    """The lines "GPU KV cache size: N tokens" and "Maximum concurrency for M tokens per request", and their parts."""

    block_tokens: int
    bytes_per_block: int
    num_blocks: int
    blocks_per_request: int
    kv_cache_tokens: int
    max_concurrency: float  # printed to two decimals


def boot_report(
    architecture: Architecture,
    options: VllmOptions,
    tensor_parallel_size: int,
    max_model_len: int,
    available_kv_bytes: int,
) -> PoolReport:
    """For the pool of the GPU that has the least; the tokens are vLLM's, float for float."""
    return pool_report(blocks(architecture, tensor_parallel_size, options), max_model_len, available_kv_bytes)


def pool_report(unit: Blocks, max_model_len: int, available_kv_bytes: int) -> PoolReport:
    """The same for blocks that are known."""
    num_blocks, per_request = available_kv_bytes // unit.bytes, unit.request_blocks(max_model_len)
    concurrency = num_blocks / per_request
    return PoolReport(unit.tokens, unit.bytes, num_blocks, per_request, int(concurrency * max_model_len), concurrency)


def longest_context(unit: Blocks, num_blocks: int) -> int:
    """Tokens of the longest request that a pool can hold: vLLM's "estimated maximum model length"; 0 where none."""
    free = num_blocks - NULL_BLOCKS - unit.state_blocks
    return max(0, free // unit.attention_groups) * unit.tokens


def start_refusal(report: PoolReport, options: VllmOptions, max_num_seqs: int) -> str | None:
    """Why vLLM would not start on this pool, or None."""
    needed = report.blocks_per_request + NULL_BLOCKS
    if report.num_blocks < needed:
        return (
            f"one request needs {counted(needed, 'block')} of {report.bytes_per_block:,} B, {report.num_blocks:,} fit"
        )
    if not options.enforce_eager and max_num_seqs > report.num_blocks:
        return f"{max_num_seqs:,} sequences need a block each for CUDA graphs, {report.num_blocks:,} fit"
    return None
