"""Where a profile goes, and why it does not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from orchestrator.core.device import Device
from orchestrator.core.fit import fit
from orchestrator.core.inventory import NotAvailable
from orchestrator.core.parallel import splits
from orchestrator.core.plan import Fit, Misfit, PlanFailure
from orchestrator.core.wish import Wish
from tests.core.machines import (
    A100_80,
    A6000,
    BY_NAME,
    GIB,
    H100_80,
    PROFILES,
    RTX_4090,
    T4,
    V100,
    gpu,
    machine,
    plan_for,
    with_gpus,
)

GPU_KINDS = (A100_80, H100_80, A6000, RTX_4090, T4, V100)
OPEN = Wish()


def fit_of(name, inventory, wish=OPEN):
    return fit(BY_NAME[name], inventory, wish)


def test_bf16_27b_fits_one_a100_of_two():
    placed = fit_of("qwen3.5-27b-bf16", machine(A100_80, A100_80))
    assert isinstance(placed, Fit)
    assert (placed.device, placed.tensor_parallel_size, placed.gpu_indices) == (Device.GPU, 1, (0,))


def test_fp8_122b_takes_both_a100s():
    placed = fit_of("qwen3.5-122b-a10b-fp8", machine(A100_80, A100_80))
    assert (placed.tensor_parallel_size, placed.gpu_indices) == (2, (0, 1))


def test_the_articles_bf16_fits_two_a100s_but_its_weights_leave_less_than_a_tenth():
    placed = fit_of("qwen3.5-72b-a14b-bf16", machine(A100_80, A100_80))
    assert (placed.tensor_parallel_size, placed.max_model_len) == (2, 69_632)
    assert placed.memory.parts[0].bytes > 0.9 * placed.memory.available_bytes


def test_the_articles_gptq_fits_one_48_gib_card():
    assert isinstance(fit_of("qwen3.5-72b-a14b-gptq", machine(A6000)), Fit)


def test_the_emptiest_gpus_are_taken():
    cards = [gpu(0, *A100_80, free_gib=20), gpu(1, *A100_80), gpu(2, *A100_80, free_gib=79)]
    placed = fit_of("qwen3.5-122b-a10b-fp8", with_gpus(machine(A100_80), *cards))
    assert placed.gpu_indices == (1, 2)
    assert placed.memory.available_bytes == int(0.92 * 80 * GIB)


def test_memory_that_others_use_is_not_there():
    busy = with_gpus(machine(A100_80), gpu(0, *A100_80, free_gib=30))
    missed = fit_of("qwen3.5-27b-bf16", busy)
    assert isinstance(missed, Misfit)
    assert missed.memory.available_bytes == 30 * GIB
    assert "30.0 GiB usable" in missed.reasons[0]


def test_host_memory_that_others_use_is_not_there():
    inventory = machine(memory_gib=64)
    busy = replace(inventory, host=replace(inventory.host, memory_available_bytes=8 * GIB))
    assert isinstance(fit_of("qwen3.5-9b-q8_0", inventory), Fit)
    missed = fit_of("qwen3.5-9b-q8_0", busy)
    assert isinstance(missed, Misfit)
    assert missed.memory.available_bytes == int(0.95 * 8 * GIB) - GIB + 1  # the reserve is rounded down


def test_unequal_gpus_are_not_joined():
    assert isinstance(fit_of("qwen3.5-122b-a10b-fp8", machine(A100_80, H100_80)), Misfit)


@pytest.mark.parametrize(
    ("name", "card", "reason"),
    [
        ("qwen3.5-0.8b-bf16", T4, "GPU 0: compute capability 7.5, bf16 needs 8.0"),
        ("qwen3.5-27b-gptq", V100, "GPU 0: compute capability 7.0, gptq needs 7.5"),
        ("qwen3.5-27b-fp8", V100, "GPU 0: compute capability 7.0, fp8 needs 7.5"),
    ],
)
def test_a_card_without_the_kernels_says_so(name, card, reason):
    assert fit_of(name, machine(card)) == Misfit(BY_NAME[name], (reason,))


def test_fp8_before_8_9_says_that_it_is_weight_only():
    assert "saves memory but no arithmetic" in fit_of("qwen3.5-27b-fp8", machine(A100_80)).notes[0]
    assert not any("FP8" in note for note in fit_of("qwen3.5-27b-fp8", machine(H100_80)).notes)


def test_a_broken_split_or_unreadable_gpu_is_left_out_with_its_reason():
    sound = gpu(0, *A100_80)
    cards = (
        replace(sound, error="GPU is lost"),
        replace(sound, index=1, mig_enabled=True),
        replace(sound, index=2, compute_capability=NotAvailable("not supported")),
        replace(sound, index=3, memory_free_bytes=NotAvailable("not supported")),
    )
    missed = fit_of("qwen3.5-9b-bf16", with_gpus(machine(A100_80), *cards))
    assert missed.reasons == (
        "GPU 0: GPU is lost",
        "GPU 1: MIG is on, and it has no slice",
        "GPU 2: compute capability is not known: not supported",
        "GPU 3: total or free memory is not known",
    )
    assert fit_of("qwen3.5-9b-bf16", with_gpus(machine(A100_80), *cards, replace(sound, index=4))).gpu_indices == (4,)


def test_without_a_gpu_vllm_has_no_place():
    assert fit_of("qwen3.5-0.8b-bf16", machine()).reasons == ("no GPU: there is no NVIDIA driver",)


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("qwen3.5-27b-bf16", (1, 2, 4, 8)),  # 24 heads
        ("qwen3.5-4b-bf16", (1, 2, 4, 8, 16)),
        ("qwen3.5-35b-a3b-bf16", (1, 2, 4, 8, 16)),
        ("qwen3.5-35b-a3b-fp8", (1, 2, 4)),  # experts of 512 in blocks of 128, and so is the shared one
        ("qwen3.5-122b-a10b-fp8", (1, 2, 4, 8)),
    ],
)
def test_a_split_must_divide_heads_and_quantised_blocks(name, sizes):
    assert tuple(split.tensor_parallel_size for split in splits(BY_NAME[name])) == sizes


def test_a_split_must_divide_the_gated_delta_net_heads_too():
    profile = BY_NAME["qwen3.5-4b-bf16"]
    narrow = replace(profile.model.architecture, linear_num_key_heads=2)
    found = splits(replace(profile, model=replace(profile.model, architecture=narrow)))
    assert tuple(split.tensor_parallel_size for split in found) == (1, 2)


def test_a_context_past_the_model_is_impossible_everywhere():
    for name, inventory in (("qwen3.5-0.8b-bf16", machine(H100_80)), ("qwen3.5-0.8b-q8_0", machine())):
        missed = fit_of(name, inventory, Wish(max_model_len=262_145))
        assert missed.reasons == ("a context of 262,145 tokens was asked for, the model takes 262,144",)


def test_the_articles_context_ends_earlier():
    missed = fit_of("qwen3.5-72b-a14b-q4_k_m", machine(), Wish(max_model_len=262_144))
    assert "the model takes 256,000" in missed.reasons[0]


def test_what_the_wish_names_is_taken_or_refused_but_never_changed():
    wish = Wish(max_model_len=100_000, max_num_seqs=3)
    placed = fit_of("qwen3.5-9b-q8_0", machine(memory_gib=64), wish)
    assert (placed.max_model_len, placed.max_num_seqs, placed.notes) == (100_000, 3, ())
    missed = fit_of("qwen3.5-9b-q8_0", machine(memory_gib=16), wish)
    assert "for 100,000 tokens in 3 slots" in missed.reasons[0]


def test_on_a_cpu_the_context_stops_where_prompts_take_minutes():
    placed = fit_of("qwen3.5-0.8b-q8_0", machine(memory_gib=512))
    assert placed.max_model_len == 32_768
    assert "a CPU takes minutes to read a longer prompt" in placed.notes[0]


def test_where_memory_shortens_the_context_the_note_says_so():
    placed = fit_of("qwen3.5-4b-ud-q4_k_xl", machine(memory_gib=8, cores=4))
    assert placed.max_model_len == 16_384
    assert placed.notes == ("the context is 16,384 of 262,144 tokens, the longest that fits with 4 sequences",)


@pytest.mark.parametrize(("cores", "slots"), [(1, 4), (4, 4), (6, 6), (8, 8), (64, 8)])
def test_slots_follow_the_cores_within_bounds(cores, slots):
    assert fit_of("qwen3.5-0.8b-q8_0", machine(memory_gib=64, cores=cores)).max_num_seqs == slots


def test_replicas_share_the_mapped_file_and_divide_the_rest():
    one, two = (fit_of("qwen3.5-9b-q8_0", machine(memory_gib=32), Wish(num_replicas=count)) for count in (None, 2))
    file_bytes = BY_NAME["qwen3.5-9b-q8_0"].weights.bytes
    assert two.memory.available_bytes - file_bytes == (one.memory.available_bytes - file_bytes) // 2
    assert "divided by 2 replicas" in two.memory.available_why


def test_replicas_on_gpus_need_a_set_each():
    inventory = machine(A100_80, A100_80, A100_80)
    for name, most in (("qwen3.5-27b-fp8", 3), ("qwen3.5-122b-a10b-fp8", 1)):
        there = plan_for(inventory, Wish(name, num_replicas=most))
        assert there.num_replicas == most
        missed = plan_for(inventory, Wish(name, num_replicas=most + 1))
        assert (missed.placements, missed.failure) == ((), PlanFailure.DOES_NOT_FIT)
        assert missed.reason.startswith(f"{most + 1} replicas were asked for, and there is room for fewer")


wishes = st.builds(
    Wish,
    max_model_len=st.none() | st.integers(1, 262_144),
    max_num_seqs=st.none() | st.integers(1, 64),
    num_replicas=st.none() | st.integers(1, 3),
)
cards = st.lists(st.sampled_from(GPU_KINDS), max_size=4)
profiles = st.sampled_from(PROFILES)


@given(profiles, cards, st.floats(0.5, 600), st.integers(1, 64), wishes)
def test_a_fit_never_takes_more_than_there_is(profile, kinds, memory_gib, cores, wish):
    inventory = machine(*kinds, memory_gib=memory_gib, cores=cores)
    placed = fit(profile, inventory, wish)
    assume(isinstance(placed, Fit))
    assert placed.memory.headroom_bytes >= 0
    assert placed.max_model_len == (wish.max_model_len or placed.max_model_len)
    assert placed.max_num_seqs == (wish.max_num_seqs or placed.max_num_seqs)
    assert len(placed.gpu_indices) == (placed.tensor_parallel_size if placed.device is Device.GPU else 0)
    if placed.device is Device.CPU:
        assert placed.memory.available_bytes <= inventory.host.memory_available_bytes
    for index in placed.gpu_indices:
        assert placed.memory.available_bytes <= inventory.gpus[index].memory_free_bytes


@given(profiles, cards, st.floats(0.5, 600), st.floats(0, 200), wishes)
def test_more_memory_never_removes_a_fit(profile, kinds, memory_gib, more_gib, wish):
    assume(isinstance(fit(profile, machine(*kinds, memory_gib=memory_gib), wish), Fit))
    larger = [(name, size + more_gib, capability) for name, size, capability in kinds]
    assert isinstance(fit(profile, machine(*larger, memory_gib=memory_gib + more_gib), wish), Fit)


@given(profiles, cards, st.floats(0.5, 600), st.integers(1, 262_144), st.integers(1, 262_144))
def test_a_context_shorter_than_one_that_fits_also_fits(profile, kinds, memory_gib, one, other):
    inventory = machine(*kinds, memory_gib=memory_gib)
    short, long = sorted((one, other))
    assume(isinstance(fit(profile, inventory, Wish(max_model_len=long)), Fit))
    assert isinstance(fit(profile, inventory, Wish(max_model_len=short)), Fit)


@given(profiles, cards, st.floats(0.5, 600), wishes)
def test_a_misfit_says_why(profile, kinds, memory_gib, wish):
    placed = fit(profile, machine(*kinds, memory_gib=memory_gib), wish)
    assume(isinstance(placed, Misfit))
    assert placed.reasons
    assert all(placed.reasons)
    assert placed.memory is None or placed.memory.headroom_bytes < 0
