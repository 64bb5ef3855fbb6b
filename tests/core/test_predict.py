"""Predictions against what is published, and what must hold of every one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.adapters.described_site import parse_site
from orchestrator.adapters.speed_files import load_speeds, shipped_speeds_dir
from orchestrator.core.cpu_rates import cpu_rates
from orchestrator.core.fit import fit
from orchestrator.core.forward_pass import ForwardPass, RoutedExperts, forward_pass
from orchestrator.core.load_time import Load, times
from orchestrator.core.pass_time import Engine, Parallelism, Rates, decode_step_s, prefill_s
from orchestrator.core.plan import Fit
from orchestrator.core.prediction import Prediction
from orchestrator.core.wish import Wish
from tests.core.machines import A100_80, BY_NAME, H100_80, PREDICT, PROFILES, RTX_4090, T4, host, machine

SPEEDS = load_speeds(shipped_speeds_dir())
H100 = Rates(3.35e12, 989e12, 1979e12, 450e9)
VLLM = Engine(SPEEDS["vllm"], H100)
DENSE_27B = forward_pass(BY_NAME["qwen3.5-27b-bf16"])
PASSES = [forward_pass(profile) for profile in PROFILES]


def predicted(name: str, *gpus: tuple[str, float, tuple[int, int]], **wish: int) -> Prediction:
    where = machine(*gpus)
    found = fit(BY_NAME[name], where, Wish(name, **wish))
    assert isinstance(found, Fit)
    said = PREDICT(found, where)
    assert said is not None
    return said


@pytest.mark.parametrize(
    ("name", "gpu", "tok_s"),
    [("qwen3.5-9b-bf16", H100_80, 135)],  # GPUStack performance lab
)
def test_one_stream_is_within_a_fifth_of_a_published_figure(name, gpu, tok_s):
    assert predicted(name, gpu).decode_tok_s == pytest.approx(tok_s, rel=0.2)


def test_a_9b_in_4_bits_on_a_laptop_is_within_a_fifth_of_the_published_speed():
    nine = BY_NAME["qwen3.5-9b-q8_0"]
    profile = replace(nine, weights=replace(nine.weights, bytes=5_660_000_000))  # Q4_K_M
    laptop = Engine(SPEEDS["llama.cpp-cpu"], cpu_rates(host(cores=16)))
    assert 1 / decode_step_s(forward_pass(profile), laptop, 1, 512) == pytest.approx(8.5, rel=0.2)


def test_bytes_alone_make_a_mixture_of_experts_on_llama_cpp_look_over_three_times_too_fast():
    work = forward_pass(BY_NAME["qwen3.5-35b-a3b-ud-q4_k_xl"])
    assert work.experts is not None
    rtx_4090 = Engine(SPEEDS["llama.cpp"], Rates(1.008e12, 165e12, 330e12))
    read = work.dense_bytes + work.head_bytes + work.experts.num_experts_per_tok * work.experts.bytes
    measured_tok_s = 157.4  # community submission
    assert 1.008e12 / read > 3 * measured_tok_s
    assert 1 / decode_step_s(work, rtx_4090, 1, 512) == pytest.approx(measured_tok_s, rel=0.2)


def test_a_token_of_a_mixture_of_experts_reads_its_own_experts_and_many_tokens_read_all():
    experts = RoutedExperts(num_experts=128, num_experts_per_tok=8, weights=1, bytes=2.0)
    assert experts.distinct(1) == pytest.approx(8)
    assert experts.distinct(1000) == pytest.approx(128)


def test_gptq_leaves_the_attention_of_a_dense_model_in_16_bits():
    gptq, bf16 = (forward_pass(BY_NAME[f"qwen3.5-27b-{precision}"]) for precision in ("gptq", "bf16"))
    assert 0.25 * bf16.dense_bytes < gptq.dense_bytes < 0.5 * bf16.dense_bytes


@given(st.sampled_from(PASSES), st.integers(1, 512), st.integers(1, 200_000), st.sampled_from([1, 2, 4, 8]))
def test_more_of_anything_takes_longer(work: ForwardPass, num_seqs: int, context: int, tensor_parallel_size: int):
    engine = replace(VLLM, parallelism=Parallelism(tensor_parallel_size))
    step_s = decode_step_s(work, engine, num_seqs, context)
    assert 0 < step_s < decode_step_s(work, engine, num_seqs + 1, context)
    assert step_s < decode_step_s(work, engine, num_seqs, context + 1024)
    assert prefill_s(work, engine, context) < prefill_s(work, engine, context + 1024)


@given(st.sampled_from(PASSES), st.integers(1, 64), st.floats(1.01, 4))
def test_a_faster_memory_is_never_slower(work: ForwardPass, num_seqs: int, factor: float):
    faster = replace(VLLM, rates=replace(H100, bandwidth_bytes_s=H100.bandwidth_bytes_s * factor))
    assert decode_step_s(work, faster, num_seqs, 4096) <= decode_step_s(work, VLLM, num_seqs, 4096)


def test_requests_beyond_the_cache_wait_and_do_not_decode_slower():
    load = Load(64, 4096, 512)
    roomy, tight = (times(DENSE_27B, VLLM, load, tokens) for tokens in (1e6, 8 * 4352))
    assert tight.ttft_s > 5 * roomy.ttft_s
    assert tight.tpot_s < roomy.tpot_s


def test_two_gpus_are_faster_than_one_and_not_twice_as_fast():
    one, two = (predicted("qwen3.5-27b-bf16", *[H100_80] * n, tensor_parallel_size=n).decode_tok_s for n in (1, 2))
    assert 1.2 * one < two < 2 * one


def test_fp8_is_computed_in_8_bits_only_where_the_gpu_can():
    h100, a100 = (predicted("qwen3.5-27b-fp8", gpu) for gpu in (H100_80, A100_80))
    bf16 = predicted("qwen3.5-27b-bf16", A100_80)
    assert a100.prefill_tok_s == pytest.approx(bf16.prefill_tok_s, rel=0.05)
    assert h100.prefill_tok_s > 5 * a100.prefill_tok_s


def test_a_gpu_that_no_table_has_and_nvml_says_nothing_of_is_not_predicted():
    where = machine(("Unheard Of", 80, (9, 0)))
    found = fit(BY_NAME["qwen3.5-9b-bf16"], where, Wish())
    assert isinstance(found, Fit)
    assert PREDICT(found, where) is None
    told = replace(
        where.gpus[0], memory_clock_mhz=2619, memory_bus_width_bits=5120, core_count=16896, sm_clock_mhz=1980
    )
    said = PREDICT(found, replace(where, gpus=(told,)))
    assert said is not None
    assert any("estimated from NVML" in line for line in said.why)
    assert said.decode_tok_s == pytest.approx(predicted("qwen3.5-9b-bf16", H100_80).decode_tok_s, rel=0.1)


def test_every_figure_comes_with_its_arithmetic():
    said = predicted("qwen3.5-9b-bf16", RTX_4090)
    assert len(said.why) == 6
    assert "1,008 GB/s" in said.why[0]
    assert said.cold_start_s > BY_NAME["qwen3.5-9b-bf16"].weights.bytes / SPEEDS["vllm"].load_bytes_s


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_more_cores_are_never_slower_and_at_last_wait_for_memory(profile):
    work = forward_pass(profile)
    engines = [Engine(SPEEDS["llama.cpp-cpu"], cpu_rates(host(cores=cores))) for cores in (1, 2, 4, 8, 64)]
    steps = [decode_step_s(work, engine, 1, 512) for engine in engines]
    assert steps == sorted(steps, reverse=True)


def test_saturation_is_no_lower_than_one_stream():
    for gpu in (T4, RTX_4090, A100_80):
        for profile in PROFILES:
            where = machine(gpu)
            found = fit(profile, where, Wish())
            if isinstance(found, Fit) and (said := PREDICT(found, where)):
                assert said.saturation_concurrency <= found.max_num_seqs
                assert said.saturation_tok_s <= said.decode_tok_s * said.saturation_concurrency


def described(text: str, name: str) -> Prediction:
    inventory = parse_site(text, PREDICT.gpus).hosts[0].inventory
    found = fit(BY_NAME[name], inventory, Wish(name))
    assert isinstance(found, Fit)
    said = PREDICT(found, inventory)
    assert said is not None
    return said


def test_a_slice_has_its_part_of_the_bandwidth_and_says_so():
    whole, part = (described(text, "qwen3.5-2b-bf16") for text in ("h100-80gb", "h100-80gb/mig-1g.10gb"))
    assert part.decode_tok_s < whole.decode_tok_s / 4
    assert "a slice 1g.10gb of" in part.why[0]


def test_the_gpu_of_an_apple_chip_is_found_by_its_chip_and_decodes_faster_than_its_cpu_would():
    said = described("m3-max", "qwen3.5-9b-q8_0")
    assert "400 GB/s" in said.why[0]
    assert said.decode_tok_s > 2 * predicted("qwen3.5-9b-q8_0").decode_tok_s
