"""Profiles as rows, as a page, and as data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from orchestrator.core.profile import Architecture, Profile, Weights
from orchestrator.views.plain import plain
from orchestrator.views.units import parameters_text, size_text, tokens_text

HEADERS = ("PROFILE", "PRECISION", "ENGINE", "WEIGHTS", "PARAMETERS", "ACTIVE", "CONTEXT", "STATUS")
LABEL_WIDTH = 14


def profile_rows(profiles: tuple[Profile, ...]) -> list[tuple[str, ...]]:
    """One row a profile, in the order given."""
    return [_row(profile) for profile in profiles]


def profile_text(profile: Profile) -> str:
    """Everything known of one profile, with where it is known from."""
    return "\n".join(f"{label:<{LABEL_WIDTH}}{text}".rstrip() for label, text in _lines(profile))


def profile_data(profile: Profile) -> dict[str, Any]:
    """A profile for `-o json|yaml`."""
    data: dict[str, Any] = plain(profile)
    return data


def _row(profile: Profile) -> tuple[str, ...]:
    model = profile.model
    return (
        profile.name,
        profile.precision,
        profile.engine,
        size_text(profile.weights.bytes),
        parameters_text(model.parameters.total),
        parameters_text(model.parameters.active_per_token),
        tokens_text(model.limits.max_model_len),
        model.status,
    )


def _lines(profile: Profile) -> Iterator[tuple[str, str]]:
    """Label and text of each line; a label stands only at the first of its lines."""
    model = profile.model
    yield "profile", profile.name
    yield "model", f"{model.name} ({model.repo}), {model.status}, released {model.released}, licence {model.license}"
    yield "parameters", f"{model.parameters.total:,}, {model.parameters.active_per_token:,} active per token"
    yield "architecture", _architecture_text(model.architecture) if model.architecture else "not known"
    yield from _variant_lines(profile)
    yield "quality", f"{model.quality:.2f} of the family's best: {model.quality_source}"
    yield "", f"x {profile.quality_retained:.3g} in this precision: {profile.quality_source}"
    yield "limits", _limits_text(profile)
    yield from _labelled("caveats", model.caveats)
    yield from _labelled("sources", model.sources)
    yield "file", profile.source_file


def _variant_lines(profile: Profile) -> Iterator[tuple[str, str]]:
    weights = profile.weights
    yield "precision", f"{profile.precision} ({profile.quantization}) on {profile.engine}{_hardware_text(profile)}"
    yield "weights", _place_text(weights)
    yield "", f"{weights.bytes:,} B = {size_text(weights.bytes)}, {weights.bytes_status}: {weights.source}"
    if weights.mmproj_file:
        yield "", f"{weights.mmproj_file} for images, {size_text(weights.mmproj_bytes)}"


def _place_text(weights: Weights) -> str:
    """Where the files are had from."""
    if weights.tag:
        return f"ollama pull {weights.tag}"
    return f"{weights.repo} @{weights.revision}" + (f", {weights.file}" if weights.file else "")


def _hardware_text(profile: Profile) -> str:
    if profile.weights.tag:
        return ", wherever Ollama puts it"
    needed = profile.min_compute_capability
    return f", compute capability {needed[0]}.{needed[1]} or higher" if needed else ", on a CPU"


def _architecture_text(architecture: Architecture) -> str:
    a = architecture
    feed_forward = (
        f"{a.experts.num_experts} experts of {a.experts.moe_intermediate_size}, {a.experts.num_experts_per_tok} active"
        if a.experts
        else f"dense {a.intermediate_size}"
    )
    return (
        f"{a.num_hidden_layers} layers ({a.full_attention_layers} full attention, {a.linear_attention_layers} "
        f"Gated DeltaNet), hidden {a.hidden_size}, {a.num_attention_heads} heads, {a.num_key_value_heads} KV heads, "
        f"{feed_forward}"
    )


def _limits_text(profile: Profile) -> str:
    limits = profile.model.limits
    return (
        f"{tokens_text(limits.max_model_len)} tokens (caution past {tokens_text(limits.caution_past_tokens)}), "
        f"{limits.images_per_request} images, {limits.video_seconds_per_request} s of video, "
        f"audio {'yes' if limits.audio else 'no'}"
    )


def _labelled(label: str, texts: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for index, text in enumerate(texts):
        yield (label if index == 0 else ""), text
