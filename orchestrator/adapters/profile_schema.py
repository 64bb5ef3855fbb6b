"""A profile file as pydantic models; `python -m orchestrator.adapters.profile_schema` prints its JSON schema.

A file describes one model and its variants. What the whole published Qwen 3.5 family has in common is the
default of a field, so that a file says only what is particular to its model.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from orchestrator.core.ollama_names import runs_elsewhere
from orchestrator.core.profile import EngineName, ModelStatus, Precision

SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"
RESERVED_NAMES = ("auto", *Precision)

Positive = Annotated[int, Field(gt=0)]
Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Text = Annotated[str, Field(min_length=1)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
Tag = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*:[A-Za-z0-9_][A-Za-z0-9._-]*$")]
Capability = Annotated[str, Field(pattern=r"^\d+\.\d+$")]
BytesStatus = Literal["published", "computed", "inferred", "article"]


class Entry(BaseModel):
    """A part of the file: no unknown fields, and no guessing at types."""

    model_config = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)


class ParametersEntry(Entry):
    """Exact counts of weights."""

    total: Positive
    """Everything in the checkpoint, with vision and multi-token prediction."""
    active_per_token: Positive
    """Those read for one decoded token."""

    @model_validator(mode="after")
    def _active_is_part_of_total(self) -> ParametersEntry:
        if self.active_per_token > self.total:
            raise ValueError(f"active_per_token within total ({self.total})")
        return self


class VisionEntry(Entry):
    """The vision encoder, spelled as config.json's vision_config spells it."""

    depth: Positive
    hidden_size: Positive
    intermediate_size: Positive
    out_hidden_size: Positive | None = None
    """The text model's hidden_size where it is left out."""
    patch_size: Positive = 16
    spatial_merge_size: Positive = 2
    temporal_patch_size: Positive = 2


class ExpertsEntry(Entry):
    """The routed part of a mixture-of-experts layer."""

    num_experts: Positive
    num_experts_per_tok: Positive
    moe_intermediate_size: Positive
    shared_expert_intermediate_size: Positive


class ArchitectureEntry(Entry):
    """Dimensions, spelled as config.json's text_config spells them."""

    num_hidden_layers: Positive
    full_attention_layers: Positive
    """The layers with a KV cache; the others are Gated DeltaNet."""
    hidden_size: Positive
    num_attention_heads: Positive
    num_key_value_heads: Positive
    head_dim: Positive = 256
    linear_num_key_heads: Positive = 16
    linear_num_value_heads: Positive
    linear_key_head_dim: Positive = 128
    linear_value_head_dim: Positive = 128
    linear_conv_kernel_dim: Positive = 4
    vocab_size: Positive = 248320
    tie_word_embeddings: bool = False
    mtp_num_hidden_layers: Count = 1
    intermediate_size: Positive | None = None
    """Of a dense model."""
    experts: ExpertsEntry | None = None
    """Of a mixture-of-experts model."""
    vision: VisionEntry | None = None

    @model_validator(mode="after")
    def _dense_or_experts(self) -> ArchitectureEntry:
        if (self.intermediate_size is None) == (self.experts is None):
            raise ValueError("either intermediate_size (dense) or experts")
        return self

    @model_validator(mode="after")
    def _attention_is_part_of_all_layers(self) -> ArchitectureEntry:
        if self.full_attention_layers > self.num_hidden_layers:
            raise ValueError(f"full_attention_layers within num_hidden_layers ({self.num_hidden_layers})")
        return self


class LimitsEntry(Entry):
    """What a request may carry."""

    max_model_len: Positive = 262144
    caution_past_tokens: Positive = 131072
    """Past this context instruction following degrades, and answers carry a warning header."""
    images_per_request: Count = 32
    video_seconds_per_request: Count = 600
    audio: bool = False


class QualityEntry(Entry):
    """The order among models, 0..1."""

    value: Share
    source: Text


class ProjectorEntry(Entry):
    """The vision projector of a GGUF model, a file beside the weights."""

    file: Text
    bytes: Positive


class VariantEntry(Entry):
    """One precision of the model on one engine."""

    name: Name | None = None
    """The profile's name; left out, it is the model's name and the precision (GGUF: the quantization; Ollama: that)."""
    precision: Annotated[Precision, Field(strict=False)]
    quantization: Text | None = None
    """The scheme within the precision; a GGUF variant names it as its file does."""
    engine: Annotated[EngineName, Field(strict=False)] | None = None
    """vLLM for safetensors and llama.cpp for GGUF, where it is left out."""
    repo: Text | None = None
    """Where the files are; the model's own repository where it is left out."""
    revision: Text = "main"
    file: Text | None = None
    """A GGUF file, or the first of its shards."""
    tag: Tag | None = None
    """The model's name in Ollama's library, for engine ollama, e.g. qwen3.5:9b."""
    bytes: Positive
    bytes_status: BytesStatus
    source: Text
    """Where the bytes were read, or how they were computed."""
    mmproj: ProjectorEntry | None = None
    quality_retained: Share | None = None
    """Share of the BF16 model's quality; left out, it is qorch's figure for the precision."""
    quality_source: Text | None = None
    min_compute_capability: Capability | None = None
    """In quotes, e.g. "8.9"; left out, it is what vLLM needs for the precision."""

    @model_validator(mode="after")
    def _gguf_names_its_quantization(self) -> VariantEntry:
        if self.precision is Precision.GGUF and self.quantization is None:
            raise ValueError("a quantization for precision gguf, e.g. Q8_0")
        return self

    @model_validator(mode="after")
    def _a_tag_is_ollamas(self) -> VariantEntry:
        if (self.engine is EngineName.OLLAMA) != (self.tag is not None):
            raise ValueError("a tag for engine ollama, e.g. qwen3.5:9b, and for no other")
        if self.tag is not None and runs_elsewhere(self.tag):
            raise ValueError("a tag that runs on this host: prompts to a cloud tag would leave it")
        return self


class ProfileFile(Entry):
    """One model and its variants."""

    model_config = ConfigDict(title="qorch profile file")

    name: Name
    repo: Text
    status: Annotated[ModelStatus, Field(strict=False)] = ModelStatus.PUBLISHED
    license: Text = "apache-2.0"
    released: Text
    """A date in quotes, e.g. "2026-02-24"."""
    parameters: ParametersEntry
    architecture: ArchitectureEntry | None = None
    """Left out where no source gives it; the plan then assumes a KV cache and says so."""
    limits: LimitsEntry = LimitsEntry()
    thinks: bool = True
    """Whether it thinks before it answers, unless a request says otherwise."""
    quality: QualityEntry
    caveats: list[Text] = []
    sources: list[Text] = []
    variants: Annotated[list[VariantEntry], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_are_free(self) -> ProfileFile:
        for name in (self.name, *(variant.name for variant in self.variants)):
            if name in RESERVED_NAMES:
                raise ValueError(f"a name other than {', '.join(RESERVED_NAMES)} (they are choices of --profile)")
        return self


def profile_schema() -> dict[str, Any]:
    """The JSON schema of a profile file, for editors and other tools."""
    return {"$schema": SCHEMA_DIALECT, **ProfileFile.model_json_schema()}


if __name__ == "__main__":
    print(json.dumps(profile_schema(), indent=2))
