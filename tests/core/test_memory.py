"""Memory parts against figures of vLLM 0.33.0 and llama.cpp b11549, worked out by hand from their sources."""

from __future__ import annotations

from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.assumed import architecture_of
from orchestrator.core.memory import memory_parts, request_bytes
from orchestrator.core.plan import Shape
from orchestrator.core.profile import EngineName
from orchestrator.core.vllm_memory import blocks
from tests.core.machines import BY_NAME, GIB, PROFILES

MIB = 2**20
VLLM_BLOCKS = [  # model, tokens in a block, bytes of a block, blocks of a request of 262,144 tokens
    ("0.8b", 544, 6_684_672, 488),
    ("2b", 544, 6_684_672, 488),
    ("4b", 528, 17_301_504, 503),
    ("9b", 528, 17_301_504, 503),
    ("27b", 784, 51_380_224, 341),
    ("35b-a3b", 1056, 21_626_880, 255),
    ("122b-a10b", 2096, 51_511_296, 132),
    ("397b-a17b", 2096, 64_389_120, 132),
]
LLAMA_CPP = [  # model, KV bytes a token, recurrent state bytes a slot
    ("0.8b", 12_288, 20_201_472),
    ("4b", 32_768, 52_690_944),
    ("27b", 65_536, 156_893_184),
    ("35b-a3b", 20_480, 65_863_680),
    ("397b-a17b", 30_720, 195_379_200),
]


COMPUTE_BUFFERS = [  # profile, slots, context of each, MiB that b11549 reserved for these dimensions and vocabulary
    ("qwen3.5-0.8b-q8_0", 1, 4096, 39.02),
    ("qwen3.5-0.8b-q8_0", 8, 4096, 90.59),
    ("qwen3.5-0.8b-q8_0", 4, 32768, 174.30),
    ("qwen3.5-4b-q8_0", 1, 4096, 83.02),
    ("qwen3.5-4b-q8_0", 8, 4096, 129.77),
    ("qwen3.5-9b-q8_0", 4, 4096, 128.02),
    ("qwen3.5-9b-q8_0", 4, 32768, 240.02),
    ("qwen3.5-27b-q8_0", 1, 4096, 156.02),
    ("qwen3.5-27b-q8_0", 4, 32768, 280.02),
    ("demo-gguf", 8, 32768, 263.34),
]


def part(profile, shape, name):
    return next(one for one in memory_parts(profile, shape) if one.name == name)


@pytest.mark.parametrize(("size", "tokens", "block_bytes", "request_blocks"), VLLM_BLOCKS)
def test_vllm_blocks_are_as_vllm_sizes_them(size, tokens, block_bytes, request_blocks):
    unit = blocks(BY_NAME[f"qwen3.5-{size}-bf16"].model.architecture, 1)
    assert (unit.tokens, unit.bytes) == (tokens, block_bytes)
    assert ceil(262_144 / unit.tokens) + unit.state_blocks == request_blocks


@pytest.mark.parametrize(("size", "gib"), [("9b", 8.10), ("27b", 16.32), ("35b-a3b", 5.14)])
def test_one_full_request_takes_what_vllm_gives_it(size, gib):
    parts = memory_parts(BY_NAME[f"qwen3.5-{size}-bf16"], Shape(262_144, 1))
    assert request_bytes(parts) / GIB == pytest.approx(gib, abs=0.005)


def test_each_further_sequence_takes_a_block_of_cache_and_its_states():
    profile = BY_NAME["qwen3.5-27b-bf16"]
    one, five = (memory_parts(profile, Shape(32_768, count)) for count in (1, 5))
    assert request_bytes(five) - request_bytes(one) == 4 * (1 + 6) * 51_380_224
    assert one[1].bytes == 42 * 51_380_224  # 32,768 tokens of 784 a block


@pytest.mark.parametrize(("size", "token_bytes", "slot_bytes"), LLAMA_CPP)
def test_llama_cpp_counts_only_full_attention_layers_and_keeps_a_state_for_each_slot(size, token_bytes, slot_bytes):
    profile = BY_NAME[f"qwen3.5-{size}-q8_0"]
    assert part(profile, Shape(8192, 4), "kv_cache").bytes == token_bytes * 8192 * 4
    assert part(profile, Shape(8192, 4), "recurrent_state").bytes == slot_bytes * 4 * 2  # one checkpoint each


def test_llama_cpp_pads_its_context_and_bounds_its_checkpoints():
    profile = BY_NAME["qwen3.5-0.8b-q8_0"]
    assert part(profile, Shape(1000, 1), "kv_cache").bytes == 12_288 * 1024
    assert part(profile, Shape(10**7, 1), "recurrent_state").bytes == 20_201_472 * 33


@pytest.mark.parametrize(("name", "slots", "context", "measured_mib"), COMPUTE_BUFFERS)
def test_the_compute_buffer_is_at_least_what_llama_cpp_reserves_and_little_more(name, slots, context, measured_mib):
    predicted_mib = part(BY_NAME[name], Shape(context, slots), "activations").bytes / MIB
    assert measured_mib - 0.1 <= predicted_mib <= measured_mib + 65


def test_the_projector_of_a_gguf_model_counts():
    profile = BY_NAME["qwen3.5-9b-q8_0"]
    assert part(profile, Shape(4096, 1), "weights").bytes == 9_527_502_048 + 912_020_960


def test_tensor_parallelism_divides_weights_and_cache():
    profile = BY_NAME["qwen3.5-122b-a10b-fp8"]
    one, two = (memory_parts(profile, Shape(131_072, 8, size)) for size in (1, 2))
    assert two[0].bytes == one[0].bytes / 2
    assert request_bytes(two) == pytest.approx(request_bytes(one) / 2, rel=0.02)


def test_more_gpus_than_kv_heads_do_not_divide_the_cache_further():
    architecture = BY_NAME["qwen3.5-35b-a3b-bf16"].model.architecture  # 2 KV heads
    per_token = [blocks(architecture, size).bytes / blocks(architecture, size).tokens for size in (1, 2, 4)]
    assert per_token[0] / 2 == per_token[1] == per_token[2]


def test_an_unknown_architecture_is_assumed_and_every_figure_says_so():
    profile = BY_NAME["qwen3.5-72b-a14b-gptq"]
    assert profile.model.architecture is None
    assert architecture_of(profile.model).num_hidden_layers == 64
    for name in ("kv_cache", "recurrent_state"):
        assert "assumed as Qwen3.5-27B's" in part(profile, Shape(4096, 1), name).why


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_every_profile_has_the_five_parts_with_their_arithmetic(profile):
    parts = memory_parts(profile, Shape(32_768, 4))
    assert [one.name for one in parts] == ["weights", "kv_cache", "recurrent_state", "activations", "overhead"]
    assert all(one.bytes > 0 and one.why for one in parts)


shapes = st.builds(Shape, st.integers(1, 300_000), st.integers(1, 256))
larger = st.tuples(st.integers(0, 100_000), st.integers(0, 64))


@given(st.sampled_from(PROFILES), shapes, larger)
def test_a_longer_context_and_more_sequences_never_need_less(profile, shape, more):
    grown = Shape(shape.max_model_len + more[0], shape.max_num_seqs + more[1])
    pairs = zip(memory_parts(profile, shape), memory_parts(profile, grown), strict=True)
    assert all(after.bytes >= before.bytes for before, after in pairs)


@given(st.sampled_from([p for p in PROFILES if p.engine is EngineName.VLLM]), shapes, st.sampled_from([1, 2, 4]))
def test_twice_the_gpus_never_need_more_of_each(profile, shape, size):
    few, many = (Shape(shape.max_model_len, shape.max_num_seqs, tp) for tp in (size, 2 * size))
    assert memory_parts(profile, many)[0].bytes <= memory_parts(profile, few)[0].bytes
    assert request_bytes(memory_parts(profile, many)) <= request_bytes(memory_parts(profile, few))
