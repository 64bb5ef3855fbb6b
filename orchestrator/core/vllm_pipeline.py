"""Pipeline parallelism: which layers each stage holds, and how much of a block of the pool they take.

vLLM 0.33.0: distributed/utils.py (`get_pp_indices`), models/qwen3_5.py (every stage has the embedding and the vision
encoder, the last one the head), v1/core/kv_cache_planning.py (`_project_kv_cache_groups_to_worker`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate
from math import ceil

from orchestrator.core.profile import Architecture
from orchestrator.core.vllm_blocks import Blocks, layers_per_group


@dataclass(frozen=True)
class Stage:
    """One part of the layers, as an architecture of its own."""

    architecture: Architecture
    block_layers: int  # layers of the group that has the most of them here
    whole_block_layers: int  # of a group in the whole model

    def blocks(self, whole: Blocks) -> Blocks:
        """The same blocks with this stage's layers only."""
        return replace(whole, bytes=whole.bytes // self.whole_block_layers * self.block_layers)


@lru_cache
def stages(architecture: Architecture, pipeline_parallel_size: int) -> tuple[Stage, ...]:
    """The first to the last; one stage is the whole model."""
    counts = layers_of_stages(architecture.num_hidden_layers, pipeline_parallel_size)
    ends = list(accumulate(counts))
    return tuple(_stage(architecture, end - count, end) for count, end in zip(counts, ends, strict=True))


def layers_of_stages(layers: int, size: int) -> tuple[int, ...]:
    """What remains of an even division goes one each to the stages before the last, from the back."""
    each, remaining = divmod(layers, size)
    return tuple(each + (size - 1 - remaining <= stage < size - 1) for stage in range(size))


def _stage(a: Architecture, first: int, end: int) -> Stage:
    attention = range(_interval(a) - 1, a.num_hidden_layers, _interval(a))
    linear = [layer for layer in range(a.num_hidden_layers) if layer not in attention]
    group = layers_per_group(len(attention), len(linear))
    here = range(first, end)
    part = replace(
        a,
        num_hidden_layers=len(here),
        full_attention_layers=sum(layer in here for layer in attention),
        tie_word_embeddings=a.tie_word_embeddings or end < a.num_hidden_layers,  # no head of its own
    )
    most = max(_most_in(here, attention, group), _most_in(here, linear, group))
    return Stage(part, most, group)


def _interval(a: Architecture) -> int:
    return a.num_hidden_layers // a.full_attention_layers


def _most_in(here: range, layers: Sequence[int], group: int) -> int:
    """Layers on the stage of that group of one kind which has the most here; a group takes every n-th layer."""
    groups = ceil(len(layers) / group)
    return max(sum(layer in here for layer in layers[number::groups]) for number in range(groups))
