"""The engine options of vLLM that its memory depends on, spelled as vLLM spells them, with vLLM's defaults."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class KvCacheDtype(StrEnum):
    """How keys and values are kept; "auto" is the model's own type, 16 bits."""

    AUTO = "auto"
    FP8 = "fp8"


class Dtype(StrEnum):
    """What is computed in; "auto" is the checkpoint's own type, which is bfloat16."""

    AUTO = "auto"
    FLOAT16 = "float16"


class GdnPrefillBackend(StrEnum):
    """Which kernel takes a prompt through Gated DeltaNet; FlashInfer's saves states on its way, in further blocks."""

    TRITON = "triton"
    FLASHINFER = "flashinfer"


class MmEncoderTpMode(StrEnum):
    """Whether tensor parallelism divides the vision encoder's weights, or each GPU holds it whole."""

    WEIGHTS = "weights"
    DATA = "data"


@dataclass(frozen=True)
class VllmOptions:
    """What `vllm serve` is told, and the kernels that the GPU allows.

    `max_num_batched_tokens` is vLLM's default below 70 GiB; qorch passes it on every GPU.
    """

    kv_cache_dtype: KvCacheDtype = KvCacheDtype.AUTO
    enable_prefix_caching: bool = True
    num_speculative_tokens: int = 0  # multi-token prediction; 0 is off
    gdn_prefill_backend: GdnPrefillBackend = GdnPrefillBackend.TRITON
    dtype: Dtype = Dtype.AUTO
    native_fp8: bool = True  # False below compute capability 8.9, where Marlin unpacks weights to 16 bits
    max_num_batched_tokens: int = 2048
    enforce_eager: bool = False
    language_model_only: bool = False
    enable_expert_parallel: bool = False  # whole experts on each GPU, as many as on the others
    mm_encoder_tp_mode: MmEncoderTpMode = MmEncoderTpMode.WEIGHTS
    on_cpu: bool = False  # the CPU build
    max_loras: int = 0  # 0: LoRA is off
    max_lora_rank: int = 16


VLLM_DEFAULTS = VllmOptions()

BFLOAT16 = (8, 0)  # platforms/cuda.py, check_if_supports_dtype()
NATIVE_FP8 = (8, 9)  # platforms/cuda.py, supports_fp8()
FLASHINFER_GDN_MIN_CUDA = {9: 0, 10: 13, 12: 13}  # major compute capability -> CUDA runtime that the kernel needs


def gdn_prefill_backend(compute_capability: tuple[int, int], cuda_runtime_major: int = 13) -> GdnPrefillBackend:
    """What "auto" picks on this GPU (vLLM 0.33.0: qwen_gdn_linear_attn.py, _resolve_gdn_prefill_backend)."""
    min_cuda = FLASHINFER_GDN_MIN_CUDA.get(compute_capability[0])
    if min_cuda is None or cuda_runtime_major < min_cuda:
        return GdnPrefillBackend.TRITON
    return GdnPrefillBackend.FLASHINFER


def on_gpu(options: VllmOptions, compute_capability: tuple[int, int], cuda_runtime_major: int = 13) -> VllmOptions:
    """The options with the kernels that this GPU allows, which its memory depends on."""
    return replace(
        options,
        gdn_prefill_backend=gdn_prefill_backend(compute_capability, cuda_runtime_major),
        dtype=Dtype.AUTO if compute_capability >= BFLOAT16 else Dtype.FLOAT16,
        native_fp8=compute_capability >= NATIVE_FP8,
    )
