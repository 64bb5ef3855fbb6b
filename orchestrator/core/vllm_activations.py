"""What vLLM's profile run adds at its peak: the largest image, then a full prefill batch, then a sampling step.

vLLM 0.33.0, v1/worker/gpu_model_runner.py (`profile_run`): the three follow each other, and only the image's
embeddings stay. An estimate, from the tensors that each step holds at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from orchestrator.core.parameters import IMAGE_CHANNELS
from orchestrator.core.profile import Architecture, Vision
from orchestrator.core.vllm_blocks import STATE_BYTES, blocks
from orchestrator.core.vllm_options import GdnPrefillBackend, MmEncoderTpMode, VllmOptions

IMAGE_TOKENS = 16384  # the largest image: 4,096 x 4,096 pixels, 32 x 32 a token
GATED_DELTA_NET_CHUNK_TOKENS = 64
LOGIT_BYTES = 2 + 4 + 4  # of one number: the logits, their float32 copy, their probabilities
NUMBER_BYTES = 2


@dataclass(frozen=True)
class Activations:
    """Bytes on one GPU, step by step."""

    embeddings: int  # of the image, kept to the end
    image: int
    prefill: int
    sampling: int

    @property
    def bytes(self) -> int:
        """Of the steps only the largest counts."""
        return self.embeddings + max(self.image, self.prefill, self.sampling)


def activations(
    architecture: Architecture, tensor_parallel_size: int, max_num_seqs: int, options: VllmOptions
) -> Activations:
    """The peak of each step of the profile run."""
    a, tp = architecture, tensor_parallel_size
    vision = None if options.language_model_only else a.vision
    return Activations(
        embeddings=_image_tokens(options) * vision.out_hidden_size * NUMBER_BYTES if vision else 0,
        image=_images(vision, tp, options) if vision else 0,
        prefill=_prefill(a, tp, options),
        sampling=max_num_seqs * (1 + options.num_speculative_tokens) * a.vocab_size * LOGIT_BYTES,
    )


def _image_tokens(options: VllmOptions) -> int:
    """Of as many largest images as a prefill batch takes, and of one in any case."""
    return max(1, options.max_num_batched_tokens // IMAGE_TOKENS) * IMAGE_TOKENS


def _images(vision: Vision, tp: int, options: VllmOptions) -> int:
    """All patches in one layer's feed-forward part: pixels, residual and norm, and its width before and after GELU."""
    patches = _image_tokens(options) * vision.spatial_merge_size**2
    pixels = IMAGE_CHANNELS * vision.temporal_patch_size * vision.patch_size**2
    share = 1 if options.mm_encoder_tp_mode is MmEncoderTpMode.DATA else tp
    return patches * (pixels + 2 * vision.hidden_size + 2 * vision.intermediate_size // share) * NUMBER_BYTES


def _prefill(a: Architecture, tp: int, options: VllmOptions) -> int:
    """One layer's feed-forward part and residuals, and the scratch of chunked Gated DeltaNet."""
    tokens, heads = options.max_num_batched_tokens, a.linear_num_value_heads // tp
    layer = tokens * (3 * _feed_forward_width(a) // tp + 4 * a.hidden_size) * NUMBER_BYTES
    state = heads * a.linear_key_head_dim * a.linear_value_head_dim
    chunks = ceil(tokens / GATED_DELTA_NET_CHUNK_TOKENS)
    scratch = chunks * state * NUMBER_BYTES + 2 * tokens * heads * a.linear_value_head_dim * NUMBER_BYTES
    return layer + scratch + _saved_states(a, tp, options) * state * STATE_BYTES


def _saved_states(a: Architecture, tp: int, options: VllmOptions) -> int:
    """How many states FlashInfer's prefill has room to export for the prefix cache: one a block of the batch."""
    saves = options.enable_prefix_caching and options.gdn_prefill_backend is GdnPrefillBackend.FLASHINFER
    return ceil(options.max_num_batched_tokens / blocks(a, tp, options).tokens) if saves else 0


def _feed_forward_width(a: Architecture) -> int:
    """What one token passes through: the dense width, or that of its experts together."""
    if a.experts is None:
        return a.intermediate_size or 0
    routed = a.experts.num_experts_per_tok * a.experts.moe_intermediate_size
    return routed + a.experts.shared_expert_intermediate_size
