"""Which adapters vLLM serves, and how it is told: vLLM 0.33.0, lora/peft_helper.py and config/lora.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from orchestrator.core.lora import Lora
from orchestrator.core.lora_match import mismatch, named_as_text_only
from orchestrator.core.profile import EngineName, Profile
from orchestrator.core.vllm_options import VllmOptions

MAX_LORA_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)  # what --max-lora-rank takes
PLAIN_INITS = ("gaussian", "eva", "orthogonal", "mica", "lora_ga")  # these leave the base's weights as they are
UNSERVED = {
    EngineName.LLAMA_CPP: "adapters of PEFT are served by vLLM; llama.cpp takes its own GGUF form only",
    EngineName.OLLAMA: "adapters of PEFT are served by vLLM; Ollama takes one only within a model of its own",
}


@dataclass(frozen=True)
class Rule:
    """A field of adapter_config.json, the values that vLLM refuses, and what they mean."""

    field: str
    refused: Callable[[Any], bool]
    why: str


def _is_no_rank(value: Any) -> bool:
    return not isinstance(value, int) or isinstance(value, bool) or value < 1


RULES = (
    Rule("peft_type", lambda value: value not in (None, "LORA"), "only LORA is served"),
    Rule("r", _is_no_rank, "a rank of at least 1 was expected"),
    Rule("lora_alpha", lambda value: not isinstance(value, int | float), "a number was expected"),
    Rule("target_modules", lambda value: not isinstance(value, list | str), "the names of modules were expected"),
    Rule("rank_pattern", lambda value: value and not _are_ranks(value), "ranks of at least 1 were expected"),
    Rule("use_dora", bool, "DoRA is not served"),
    Rule("modules_to_save", bool, "whole modules beside the factors are not served"),
    Rule("bias", lambda value: value not in (None, "none"), "biases are not served"),
    Rule("lora_bias", bool, "biases are not served"),
    Rule(
        "init_lora_weights",
        lambda value: isinstance(value, str) and value.lower() not in PLAIN_INITS,
        "it changes the base's own weights",
    ),
    Rule("alora_invocation_tokens", bool, "Activated LoRA is not served"),
    Rule("layer_replication", bool, "repeated layers are not served"),
    Rule("use_bdlora", bool, "block-diagonal LoRA is not served"),
    Rule("use_qalora", bool, "QALoRA is not served"),
)


def config_refusal(config: Mapping[str, Any]) -> str | None:
    """Why vLLM would not load an adapter with this adapter_config.json, whatever its base."""
    for rule in RULES:
        if rule.refused(value := config.get(rule.field)):
            return f"{rule.field} is {repr(value)[:80]}: {rule.why}"
    if (most := max(ranks_of(config))) > MAX_LORA_RANKS[-1]:
        return f"its rank is {most}, vLLM takes at most {MAX_LORA_RANKS[-1]}"
    return None


def ranks_of(config: Mapping[str, Any]) -> tuple[int, ...]:
    """Every rank that a module may have, by a config that `config_refusal` lets through."""
    return tuple(sorted({config["r"], *(config.get("rank_pattern") or {}).values()}))


def lora_refusal(profile: Profile, loras: Sequence[Lora]) -> str | None:
    """Why the profile cannot be served with these adapters, or None."""
    if loras and (unserved := UNSERVED.get(profile.engine)):
        return unserved
    for lora in loras:
        if problem := _problem(profile, lora):
            made_for = f", made for {lora.adapter.base}," if lora.adapter.base else ""
            return f"adapter {lora.name!r}{made_for} does not match {profile.model.name}: {problem}"
    return None


def with_loras(options: VllmOptions, loras: Sequence[Lora]) -> VllmOptions:
    """Room for every adapter at once, each of the largest rank among them rounded up to one that vLLM takes."""
    if not loras:
        return options
    most = max((rank for lora in loras for rank in lora.adapter.ranks), default=1)
    return replace(options, max_loras=len(loras), max_lora_rank=next(r for r in MAX_LORA_RANKS if r >= most))


def lora_notes(profile: Profile, loras: Sequence[Lora]) -> tuple[str, ...]:
    """What to know of adapters that match."""
    return tuple(note for lora in loras for note in _notes(profile, lora))


def _notes(profile: Profile, lora: Lora) -> Iterator[str]:
    base, architecture = lora.adapter.base, profile.model.architecture
    own = {repo.rpartition("/")[2].lower() for repo in (profile.model.repo, profile.weights.repo, profile.model.name)}
    if base and base.rstrip("/").rpartition("/")[2].lower() not in own:
        yield f"adapter {lora.name!r} says that it was made for {base}, and is served on {profile.model.name}"
    if architecture is not None and architecture.vision and named_as_text_only(lora.adapter):
        yield (
            f"adapter {lora.name!r} names its modules as the text-only model does: vLLM 0.33.0 takes it so, 0.32.0 "
            "leaves it out in silence (lora/model_manager.py, _get_text_lora_names)"
        )


def _are_ranks(pattern: Any) -> bool:
    return isinstance(pattern, dict) and not any(map(_is_no_rank, pattern.values()))


def _problem(profile: Profile, lora: Lora) -> str | None:
    if profile.model.architecture is None:
        return "its dimensions are not known"
    return mismatch(lora.adapter, profile.model.architecture)
