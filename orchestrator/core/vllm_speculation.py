"""Multi-token prediction: which profiles can be served with it, and what it changes in vLLM's options."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.core.profile import EngineName, Profile
from orchestrator.core.vllm_options import VllmOptions


def speculation_refusal(profile: Profile, num_speculative_tokens: int) -> str | None:
    """Why no tokens can be drafted with this profile, or None."""
    if not num_speculative_tokens:
        return None
    if profile.engine is not EngineName.VLLM:
        return f"multi-token prediction was asked for, and qorch has it with vLLM only, not with {profile.engine}"
    architecture = profile.model.architecture
    if architecture is None:
        return "multi-token prediction was asked for, and the model's dimensions are not known"
    if not architecture.mtp_num_hidden_layers:
        return f"multi-token prediction was asked for, and {profile.model.name} has no layer that predicts"
    return None


def with_speculation(options: VllmOptions, num_speculative_tokens: int) -> VllmOptions:
    """Without prefix caching, which must not be on beside it (`core/vllm_guards.py`)."""
    if not num_speculative_tokens:
        return options
    return replace(options, num_speculative_tokens=num_speculative_tokens, enable_prefix_caching=False)
