"""Block for block against vLLM's own planning functions, where they can be imported (they need no GPU)."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace

import pytest

from orchestrator.core.vllm_blocks import blocks
from orchestrator.core.vllm_options import GdnPrefillBackend, KvCacheDtype, VllmOptions
from orchestrator.core.vllm_pipeline import layers_of_stages
from orchestrator.core.vllm_pool import NULL_BLOCKS, boot_report, longest_context, start_refusal
from tests.core.family import ARCHITECTURES

pytestmark = pytest.mark.heavy
torch = pytest.importorskip("torch")
planning = pytest.importorskip("vllm.v1.core.kv_cache_planning", exc_type=ImportError)

OPTIONS = {
    "as it comes": VllmOptions(),
    "fp8 cache": VllmOptions(kv_cache_dtype=KvCacheDtype.FP8),
    "FlashInfer prefill": VllmOptions(gdn_prefill_backend=GdnPrefillBackend.FLASHINFER),
    "no prefix cache": VllmOptions(enable_prefix_caching=False, gdn_prefill_backend=GdnPrefillBackend.FLASHINFER),
    "prediction of 1": VllmOptions(num_speculative_tokens=1),
    "prediction of 3, fp8": VllmOptions(num_speculative_tokens=3, kv_cache_dtype=KvCacheDtype.FP8),
    "prediction of 2, FlashInfer": VllmOptions(
        num_speculative_tokens=2, gdn_prefill_backend=GdnPrefillBackend.FLASHINFER
    ),
}
every_size = pytest.mark.parametrize("name", ARCHITECTURES)
every_option = pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)


class AttentionBackend:
    """The kernel blocks of FlashAttention 2 and 3, FlashInfer and Triton attention."""

    @staticmethod
    def get_supported_kernel_block_sizes():
        return [16]

    @staticmethod
    def customize_spec(spec):
        return spec


def config_of(a, tp, options, max_model_len):
    """As much of a VllmConfig as planning reads."""
    from vllm.v1.kv_cache_interface import KVCacheLayout

    return SimpleNamespace(
        num_speculative_tokens=options.num_speculative_tokens,
        cache_config=SimpleNamespace(
            block_size=16,
            cache_dtype="auto" if options.kv_cache_dtype is KvCacheDtype.AUTO else "fp8",
            mamba_cache_mode="align" if options.enable_prefix_caching else "none",
            mamba_block_size=max_model_len,
            mamba_page_size_padded=None,
            kv_cache_dtype_skip_layers=None,
            num_gpu_blocks_override=None,
            use_replayssm=False,
            prefix_cache_retention_interval=None,
            get_resolved_kv_cache_layout=lambda: next(iter(KVCacheLayout)),
        ),
        model_config=SimpleNamespace(
            dtype=torch.bfloat16,
            use_mla=False,
            architecture="Qwen3_5ForCausalLM",
            max_model_len=max_model_len,
            original_max_model_len=max_model_len,
            get_num_kv_heads=lambda _: max(1, a.num_key_value_heads // tp),
            get_head_size=lambda: a.head_dim,
        ),
        parallel_config=SimpleNamespace(tensor_parallel_size=tp, decode_context_parallel_size=1),
        scheduler_config=SimpleNamespace(disable_hybrid_kv_cache_manager=False),
        attention_config=SimpleNamespace(hisparse_config=None),
    )


@pytest.fixture
def align(monkeypatch):
    """vLLM's alignment of the block, with the model's real state shapes and without its layers."""
    import vllm.config.vllm
    import vllm.model_executor.layers.mamba.abstract as mamba
    from vllm.model_executor.models import ModelRegistry
    from vllm.platforms.interface import Platform

    def aligned(a, tp, options, config):
        model = SimpleNamespace(
            get_mamba_state_shape_from_config=lambda _: state_shapes(a, tp, options),
            get_mamba_state_dtype_from_config=lambda _: state_dtypes(),
        )
        saves = options.gdn_prefill_backend is GdnPrefillBackend.FLASHINFER
        monkeypatch.setattr(vllm.config.vllm, "set_current_vllm_config", lambda _: contextlib.nullcontext())
        monkeypatch.setattr(ModelRegistry, "resolve_model_cls", lambda *_, **__: (model, ""))
        monkeypatch.setattr(mamba, "get_mamba_prefill_checkpoint_alignment", lambda _: 64 if saves else None)
        monkeypatch.setattr(Platform, "_find_non_ssm_backends", classmethod(lambda *_: [AttentionBackend]))
        Platform._align_hybrid_block_size(config, AttentionBackend)
        return config

    return aligned


def state_shapes(a, tp, options):
    from vllm.model_executor.layers.mamba.mamba_utils import MambaStateShapeCalculator

    return MambaStateShapeCalculator.gated_delta_net_state_shape(
        tp,
        a.linear_num_key_heads,
        a.linear_num_value_heads,
        a.linear_key_head_dim,
        a.linear_value_head_dim,
        a.linear_conv_kernel_dim,
        options.num_speculative_tokens,
    )


def state_dtypes():
    from vllm.model_executor.layers.mamba.mamba_utils import MambaStateDtypeCalculator

    return MambaStateDtypeCalculator.gated_delta_net_state_dtype(torch.bfloat16, "auto", "float32")


def layer_specs(a, tp, options, config):
    """The specification of each layer, as the model's own layers give it."""
    from vllm.v1.kv_cache_interface import FullAttentionSpec, MambaSpec

    cache = config.cache_config
    saves = options.enable_prefix_caching and options.gdn_prefill_backend is GdnPrefillBackend.FLASHINFER
    attention = FullAttentionSpec(
        block_size=cache.block_size,
        num_kv_heads=config.model_config.get_num_kv_heads(None),
        head_size=a.head_dim,
        dtype=torch.bfloat16 if options.kv_cache_dtype is KvCacheDtype.AUTO else torch.float8_e4m3fn,
    )
    linear = MambaSpec(
        block_size=cache.mamba_block_size,
        shapes=state_shapes(a, tp, options),
        dtypes=state_dtypes(),
        page_size_padded=cache.mamba_page_size_padded,
        mamba_cache_mode=cache.mamba_cache_mode,
        num_speculative_blocks=options.num_speculative_tokens,
        num_prefill_checkpoint_blocks=int(saves),
    )
    prediction = a.mtp_num_hidden_layers if options.num_speculative_tokens else 0
    attentions = {f"attention.{index}": attention for index in range(a.full_attention_layers + prediction)}
    return attentions | {f"linear.{index}": linear for index in range(a.linear_attention_layers)}


def tensor_parallel_sizes(a):
    return [size for size in (1, 2, 4, 8) if a.num_attention_heads % size == 0]


@every_size
@every_option
def test_blocks_and_the_boot_report_are_vllms_own(name, options, align):
    from vllm.v1.core.kv_cache_utils import get_kv_cache_capacity

    a = ARCHITECTURES[name]
    for tp in tensor_parallel_sizes(a):
        for max_model_len, pool_bytes in ((4_096, 7 * 2**30 + 1), (131_072, 40 * 2**30), (262_144, 2**38 - 1)):
            config = align(a, tp, options, config_of(a, tp, options, max_model_len))
            groups = planning.get_kv_cache_groups(config, layer_specs(a, tp, options, config))
            report = boot_report(a, options, tp, max_model_len, pool_bytes)
            assert report.block_tokens == config.cache_config.block_size
            assert report.bytes_per_block == planning._pool_bytes_per_block(config, groups)
            pool = SimpleNamespace(num_blocks=report.num_blocks, kv_cache_groups=groups)
            assert (report.kv_cache_tokens, report.max_concurrency) == get_kv_cache_capacity(config, pool)


@every_size
@every_option
def test_vllm_refuses_what_we_refuse_and_estimates_the_same_longest_context(name, options, align, monkeypatch):
    a, max_model_len = ARCHITECTURES[name], 262_144
    monkeypatch.setattr(
        planning,
        "_pool_bytes_per_block_from_builder",
        lambda _, config, groups: planning._pool_bytes_per_block(config, groups),
    )
    config = align(a, 1, options, config_of(a, 1, options, max_model_len))
    groups = planning.get_kv_cache_groups(config, layer_specs(a, 1, options, config))
    unit = blocks(a, 1, options)
    enough = unit.request_blocks(max_model_len) + NULL_BLOCKS
    for num_blocks in (unit.state_blocks + NULL_BLOCKS, enough - 1, enough):
        usable = num_blocks * unit.bytes - planning._pool_bytes_per_block(config, groups)
        needed = planning._max_memory_usage_bytes_from_groups(None, config, groups)
        report = boot_report(a, options, 1, max_model_len, num_blocks * unit.bytes)
        assert (start_refusal(report, options, 1) is None) == (needed <= usable)
        theirs = planning._estimate_max_model_len_from_groups(None, config, groups, usable)
        assert min(max_model_len, longest_context(unit, num_blocks)) == theirs


def test_stages_have_as_many_layers_as_vllm_gives_them():
    from vllm.distributed.utils import get_pp_indices

    for layers in (24, 32, 40, 48, 60, 64, 92):
        for size in range(1, 9):
            bounds = (get_pp_indices(layers, stage, size) for stage in range(size))
            assert layers_of_stages(layers, size) == tuple(end - first for first, end in bounds)
