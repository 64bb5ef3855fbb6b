"""What a GPU holds beside the pool: against start-up logs, against the checkpoint, and against hand-worked parts."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.memory import memory_parts
from orchestrator.core.parameters import checkpoint_bytes, mtp_parameters, text_parameters, vision_parameters
from orchestrator.core.plan import Shape
from orchestrator.core.profile import Precision
from orchestrator.core.vllm_activations import activations
from orchestrator.core.vllm_lora import lora_bytes
from orchestrator.core.vllm_options import GdnPrefillBackend, MmEncoderTpMode, VllmOptions
from orchestrator.core.vllm_weights import ROPE_TABLE_BYTES, gpu_weights
from tests.core.family import ARCHITECTURES, DATA
from tests.core.machines import BY_NAME

GIB = 2**30
LOADED = yaml.safe_load((DATA / "boot_reports.yaml").read_text())["weights_gib"]
OLD_ROPE_TABLE_BYTES = 4 * ROPE_TABLE_BYTES  # of the versions in the logs
PREDICTING = VllmOptions(num_speculative_tokens=1)
SAFETENSORS = (Precision.BF16, Precision.FP8, Precision.GPTQ)
every_size = pytest.mark.parametrize("name", ARCHITECTURES)


@pytest.mark.parametrize("log", LOADED, ids=lambda log: log["source"])
def test_vllm_loads_what_is_predicted_and_hardly_more(log):
    chosen = VllmOptions(
        num_speculative_tokens=log.get("num_speculative_tokens", 0), native_fp8=log.get("native_fp8", True)
    )
    held = gpu_weights(
        ARCHITECTURES[log["model"]], Precision(log["precision"]), log.get("tensor_parallel_size", 1), chosen
    )
    predicted = (held.bytes - ROPE_TABLE_BYTES + OLD_ROPE_TABLE_BYTES) / GIB
    assert -0.006 <= log["gib"] - predicted <= 0.005 * predicted + 0.006  # segments that repacked weights leave


@every_size
def test_one_gpu_holds_the_bf16_weights_to_the_byte_with_the_decay_in_float32(name):
    a = ARCHITECTURES[name]
    held = gpu_weights(a, Precision.BF16, 1, PREDICTING)
    decay = 2 * a.linear_attention_layers * a.linear_num_value_heads
    assert held.text == 2 * text_parameters(a) + decay
    assert held.prediction == 2 * mtp_parameters(a)
    assert held.vision == (2 * vision_parameters(a.vision) if a.vision else 0)


@every_size
@pytest.mark.parametrize("precision", SAFETENSORS)
def test_prediction_layers_and_vision_encoder_are_held_only_when_they_are_used(name, precision):
    a = ARCHITECTURES[name]
    plain, bare = (gpu_weights(a, precision, 1, VllmOptions(language_model_only=only)) for only in (False, True))
    assert plain.prediction == bare.prediction == bare.vision == 0
    assert plain.text == bare.text == gpu_weights(a, precision, 1, PREDICTING).text
    assert plain.bytes - ROPE_TABLE_BYTES < checkpoint_bytes(a, precision)


def test_fp8_scales_are_held_in_float32_and_spread_over_columns_by_marlin():
    a = ARCHITECTURES["qwen3.5-27b"]
    stored = checkpoint_bytes(a, Precision.FP8)
    native, marlin = (
        gpu_weights(a, Precision.FP8, 1, replace(PREDICTING, native_fp8=native)).bytes - ROPE_TABLE_BYTES
        for native in (True, False)
    )
    quantised = 24_699_207_680  # all linear layers, with the prediction layer's
    decay = 2 * 48 * 48
    assert native - stored == pytest.approx(quantised * 2 / 16384 + decay, abs=200)
    assert marlin - stored == pytest.approx(quantised * (2 / 128 - 2 / 16384) + decay, abs=200)


def test_gptq_leaves_zero_points_of_dense_layers_and_group_indices_behind():
    a = ARCHITECTURES["qwen3.5-27b"]
    held = gpu_weights(a, Precision.GPTQ, 1, PREDICTING).bytes - ROPE_TABLE_BYTES
    quantised = 64 * 3 * 5120 * 17408
    left = quantised // 128 // 2 + 64 * 4 * (2 * 5120 + 17408)
    assert held == checkpoint_bytes(a, Precision.GPTQ) - left + 2 * 48 * 48


def test_the_vision_encoder_is_divided_or_whole_on_every_gpu():
    a = ARCHITECTURES["qwen3.5-27b"]
    one, divided, whole = (
        gpu_weights(a, Precision.BF16, tp, VllmOptions(mm_encoder_tp_mode=mode)).vision
        for tp, mode in ((1, "weights"), (4, MmEncoderTpMode.WEIGHTS), (4, MmEncoderTpMode.DATA))
    )
    assert whole == one
    assert one / 4 < divided < 0.27 * one


def test_more_gpus_than_key_value_heads_repeat_them():
    a = ARCHITECTURES["qwen3.5-35b-a3b"]  # 2 key-value heads
    two, four = (gpu_weights(a, Precision.BF16, tp).text for tp in (2, 4))
    key_value = 10 * 2048 * 2 * 256 * 2
    whole = 2 * (40 * (2 * 2048 + 257 * 2048) + 2048 + 10 * 512 + 30 * 128) + key_value
    assert four - whole == (two - whole) / 2


def test_lora_sets_room_aside_for_every_layer_embedding_and_head():
    """Qwen3.5-9B by hand: rank x (inputs of each A + outputs of each B), 2 B each."""
    a, h = ARCHITECTURES["qwen3.5-9b"], 4096
    attention = 3 * h + (2 * 4096 + 2 * 1024) + (4096 + h)
    linear = (4 * h + 8192 + 4096) + (2 * h + 64) + (4 + 8192) + (4096 + h)
    feed_forward = (2 * h + 2 * 12288) + (12288 + h)
    numbers = 2 * (248_320 + h) + 8 * attention + 24 * linear + 32 * feed_forward
    assert lora_bytes(a, 1, VllmOptions(max_loras=4, max_lora_rank=64)) == 2 * 4 * 64 * numbers


def test_lora_of_routed_experts_dwarfs_that_of_dense_layers():
    one = VllmOptions(max_loras=1)
    dense, mixture = (lora_bytes(ARCHITECTURES[f"qwen3.5-{name}"], 1, one) for name in ("27b", "35b-a3b"))
    assert mixture > 6 * dense


def test_adapters_are_a_part_of_their_own_only_where_they_are_served():
    profile = BY_NAME["qwen3.5-9b-bf16"]
    plain, adapted = (memory_parts(profile, Shape(4096, 1, vllm=VllmOptions(max_loras=loras))) for loras in (0, 2))
    assert [part.name for part in adapted[len(plain) :]] == ["lora"]
    assert adapted[: len(plain)] == plain
    assert "2 adapters of rank 16" in adapted[-1].why


def test_the_profile_run_peaks_at_its_largest_step_beside_the_images_embeddings():
    """An 80 GB device served 27B in BF16 with a peak of 2.53 GiB: 1,024 sequences, 8,192 batched tokens."""
    peak = activations(ARCHITECTURES["qwen3.5-27b"], 1, 1024, VllmOptions(max_num_batched_tokens=8192))
    assert peak.sampling == 1024 * 248_320 * 10
    assert peak.embeddings == 16_384 * 5120 * 2
    assert peak.bytes / GIB == pytest.approx(2.53, abs=0.01)


def test_text_only_needs_no_image_and_a_wide_batch_profiles_several():
    a = ARCHITECTURES["qwen3.5-27b"]
    bare = activations(a, 1, 8, VllmOptions(language_model_only=True))
    assert bare.image == bare.embeddings == 0
    one, four = (activations(a, 1, 8, VllmOptions(max_num_batched_tokens=tokens)) for tokens in (2048, 65_536))
    assert four.image == 4 * one.image


def test_flashinfers_prefill_has_room_for_the_states_it_saves():
    a = ARCHITECTURES["qwen3.5-27b"]
    triton, flashinfer = (
        activations(a, 1, 1, VllmOptions(gdn_prefill_backend=kernel)).prefill for kernel in GdnPrefillBackend
    )
    assert flashinfer - triton == 3 * 48 * 128 * 128 * 4  # 2,048 tokens in blocks of 832


def test_the_weights_say_what_stays_on_disk():
    profile = BY_NAME["qwen3.5-27b-fp8"]
    plain, predicting = (
        memory_parts(profile, Shape(4096, 1, 2, vllm=chosen))[0] for chosen in (VllmOptions(), PREDICTING)
    )
    assert "prediction layers stay on disk, of a checkpoint of 30,866,663,264 B, computed, over 2 GPUs" in plain.why
    assert "prediction layers stay" not in predicting.why
    assert (
        predicting.bytes - plain.bytes
        == gpu_weights(ARCHITECTURES["qwen3.5-27b"], Precision.FP8, 2, PREDICTING).prediction
    )


def test_without_cuda_graphs_the_overhead_is_smaller():
    profile = BY_NAME["qwen3.5-27b-fp8"]
    graphs, eager = (
        memory_parts(profile, Shape(4096, 1, vllm=VllmOptions(enforce_eager=eager)))[4] for eager in (False, True)
    )
    assert graphs.bytes - eager.bytes == 3 * GIB // 4
    assert "null block 51,380,224 B" in graphs.why


architectures = st.sampled_from(list(ARCHITECTURES.values()))
options = st.builds(
    VllmOptions,
    num_speculative_tokens=st.integers(0, 3),
    language_model_only=st.booleans(),
    mm_encoder_tp_mode=st.sampled_from(MmEncoderTpMode),
    native_fp8=st.booleans(),
    max_num_batched_tokens=st.integers(1, 65_536),
    max_loras=st.integers(0, 8),
)


@given(architectures, st.sampled_from(SAFETENSORS), options, st.sampled_from([1, 2, 4]))
def test_twice_the_gpus_hold_less_each_and_more_together(architecture, precision, chosen, tp):
    few, many = (gpu_weights(architecture, precision, size, chosen).bytes for size in (tp, 2 * tp))
    assert few / 2 < many < few


@given(architectures, options, st.sampled_from([1, 2, 4]), st.integers(1, 1024), st.integers(0, 64))
def test_activations_and_adapters_never_grow_with_gpus_nor_shrink_with_sequences(
    architecture, chosen, tp, sequences, more
):
    def peak(size, count):
        return activations(architecture, size, count, chosen).bytes

    assert peak(2 * tp, sequences) <= peak(tp, sequences) <= peak(tp, sequences + more)
    assert lora_bytes(architecture, 2 * tp, chosen) <= lora_bytes(architecture, tp, chosen)
