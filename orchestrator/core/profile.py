"""What can be served: a `Profile` is one model in one precision on one engine, with its limits and sources."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Precision(StrEnum):
    """How the weights are stored; also what `--profile` accepts besides `auto` and a profile's name."""

    BF16 = "bf16"
    FP8 = "fp8"
    GPTQ = "gptq"
    GGUF = "gguf"


class EngineName(StrEnum):
    VLLM = "vllm"
    LLAMA_CPP = "llama.cpp"
    OLLAMA = "ollama"


class ModelStatus(StrEnum):
    """Where the model's figures come from."""

    PUBLISHED = "published"  # weights are on the hub
    ARTICLE = "article"  # named by the founding article only; no such checkpoint was found
    STAND_IN = "stand-in"  # tiny random weights made on this machine


@dataclass(frozen=True)
class Experts:
    """The routed part of a mixture-of-experts layer."""

    num_experts: int
    num_experts_per_tok: int
    moe_intermediate_size: int
    shared_expert_intermediate_size: int


@dataclass(frozen=True)
class Vision:
    """The vision encoder."""

    depth: int
    hidden_size: int
    intermediate_size: int
    out_hidden_size: int
    patch_size: int
    spatial_merge_size: int
    temporal_patch_size: int


@dataclass(frozen=True)
class Architecture:
    """Dimensions of a Qwen 3.5 model, spelled as its config.json spells them."""

    num_hidden_layers: int
    full_attention_layers: int
    hidden_size: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    linear_num_key_heads: int
    linear_num_value_heads: int
    linear_key_head_dim: int
    linear_value_head_dim: int
    linear_conv_kernel_dim: int
    vocab_size: int
    tie_word_embeddings: bool
    mtp_num_hidden_layers: int
    intermediate_size: int | None = None  # dense models
    experts: Experts | None = None  # mixture-of-experts models
    vision: Vision | None = None

    @property
    def linear_attention_layers(self) -> int:
        """Layers of Gated DeltaNet, whose state does not grow with the context."""
        return self.num_hidden_layers - self.full_attention_layers


@dataclass(frozen=True)
class Parameters:
    """Exact counts of weights; `active_per_token` are those read for one decoded token."""

    total: int
    active_per_token: int


@dataclass(frozen=True)
class Limits:
    """What a request may carry."""

    max_model_len: int
    caution_past_tokens: int  # instruction following degrades past this context
    images_per_request: int
    video_seconds_per_request: int
    audio: bool


@dataclass(frozen=True)
class Model:
    """One size of the family; `Profile`s are its variants."""

    name: str
    repo: str
    status: ModelStatus
    license: str
    released: str
    parameters: Parameters
    architecture: Architecture | None  # None where no source gives it (the article's model)
    limits: Limits
    quality: float  # 0..1, order among sizes, before the precision's share
    quality_source: str
    thinks: bool = True  # before it answers, unless a request says otherwise
    caveats: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()  # where name, counts and dimensions were read


@dataclass(frozen=True)
class Weights:
    """Where the files are: a hub repository, and for GGUF a file (or its first shard) in it."""

    repo: str
    bytes: int
    bytes_status: str  # "published", "computed" (exact formula), "inferred" or "article"
    revision: str = "main"  # resolved to a commit when pulled, and kept
    file: str | None = None
    mmproj_file: str | None = None
    mmproj_bytes: int = 0
    tag: str | None = None  # the model's name in Ollama's library, whose store then holds it, with its vision encoder
    source: str = ""  # where the bytes were read, or how they were computed


@dataclass(frozen=True)
class Profile:
    """One servable variant of a model."""

    name: str  # unique, e.g. "qwen3.5-27b-fp8"
    model: Model
    precision: Precision
    quantization: str  # e.g. "bfloat16", "fp8 block 128", "UD-Q4_K_XL"
    engine: EngineName
    weights: Weights
    quality_retained: float  # 0..1, share of the BF16 model's quality
    quality_source: str
    min_compute_capability: tuple[int, int] | None  # None: a CPU will do
    source_file: str  # where it was read, for messages
