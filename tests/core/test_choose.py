"""What is chosen on real machines, and what is said where nothing is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.core.choose import choose
from orchestrator.core.device import Device
from orchestrator.core.errors import UsageError
from orchestrator.core.inventory import one_host
from orchestrator.core.plan import Availability, PlanFailure
from orchestrator.core.profile import EngineName, ModelStatus, Precision
from orchestrator.core.wish import Wish
from tests.core.machines import (
    A100_80,
    A6000,
    ENGINES,
    FETCHABLE,
    H100_80,
    HERE,
    NOWHERE,
    PREDICT,
    PROFILES,
    RTX_4090,
    T4,
    V100,
    everywhere,
    gpu,
    machine,
    plan_for,
    with_gpus,
)

NO_VLLM = {**ENGINES, (EngineName.VLLM, Device.GPU): Availability(False, False, "vllm is not installed")}
MACHINES = [  # machine, chosen profile, GPUs, context: reviewed for sense
    # 27B before 122B: as good by its score, and on both GPUs room for many long requests in full precision
    (machine(A100_80, A100_80), "qwen3.5-27b-bf16", 2, 262_144),
    (machine(*[A100_80] * 4), "qwen3.5-397b-a17b-gptq", 4, 262_144),
    (machine(H100_80), "qwen3.5-27b-fp8", 1, 262_144),
    (machine(*[H100_80] * 8), "qwen3.5-397b-a17b-fp8", 8, 262_144),
    # 27B fits with room for 5 long requests, 35B-A3B in 4 bit with room for 23
    (machine(A6000), "qwen3.5-35b-a3b-gptq", 1, 262_144),
    (machine(RTX_4090, memory_gib=64), "qwen3.5-9b-bf16", 1, 29_696),
    # no kernels or no room on the GPU: the CPU serves, and the plan says so
    (machine(T4, memory_gib=32, cores=8), "qwen3.5-35b-a3b-ud-q4_k_xl", 0, 32_768),
    (machine(V100, memory_gib=64), "qwen3.5-35b-a3b-q8_0", 0, 32_768),
    (machine(memory_gib=4, cores=2), "qwen3.5-2b-ud-q4_k_xl", 0, 8_192),
    (machine(memory_gib=8, cores=4), "qwen3.5-4b-ud-q4_k_xl", 0, 16_384),
    (machine(memory_gib=16, cores=8), "qwen3.5-9b-ud-q4_k_xl", 0, 32_768),
    # plenty of memory, but two cores would read 9B at 2 tokens a second
    (machine(memory_gib=24, cores=2), "qwen3.5-4b-q8_0", 0, 32_768),
    # from here on mixtures of experts: they read few of their weights for a token
    (machine(memory_gib=32, cores=8), "qwen3.5-35b-a3b-ud-q4_k_xl", 0, 32_768),
    (machine(memory_gib=64, cores=16), "qwen3.5-35b-a3b-q8_0", 0, 32_768),
    (machine(memory_gib=128, cores=32), "qwen3.5-122b-a10b-ud-q4_k_xl", 0, 32_768),
    (machine(memory_gib=512, cores=64), "qwen3.5-397b-a17b-ud-q4_k_xl", 0, 32_768),
]


def described(inventory):
    cards = [card.name for card in inventory.gpus]
    return f"{len(cards)}x{cards[0]}" if cards else f"cpu-{inventory.host.memory_total_bytes >> 30}GiB"


def candidate(plan, name):
    return next(one for one in plan.candidates if one.profile.name == name)


@pytest.mark.parametrize(
    ("inventory", "name", "gpus", "context"),
    MACHINES,
    ids=lambda value: described(value) if hasattr(value, "host") else str(value),
)
def test_auto_chooses_what_a_person_would(inventory, name, gpus, context):
    plan = plan_for(inventory)
    assert plan.failure is None
    assert (plan.chosen.profile.name, len(plan.chosen.gpu_indices), plan.chosen.max_model_len) == (name, gpus, context)
    assert plan.candidates[0].profile.name == name


@pytest.mark.parametrize(
    ("precision", "inventory", "name"),
    [
        ("bf16", machine(A100_80, A100_80), "qwen3.5-27b-bf16"),
        ("fp8", machine(A6000), "qwen3.5-27b-fp8"),
        ("gptq", machine(A100_80, A100_80), "qwen3.5-27b-gptq"),
        ("gguf", machine(A100_80, memory_gib=64), "qwen3.5-35b-a3b-q8_0"),
    ],
)
def test_a_precision_chooses_among_its_profiles(precision, inventory, name):
    plan = plan_for(inventory, Wish(profile=precision))
    assert plan.chosen.profile.name == name
    assert {one.profile.precision for one in plan.candidates} == {Precision(precision)}


def test_a_model_restricts_the_choice_to_its_variants():
    plan = plan_for(machine(A100_80), Wish(model="qwen3.5-35b-a3b"))
    assert plan.chosen.profile.name == "qwen3.5-35b-a3b-fp8"
    assert {one.profile.model.name for one in plan.candidates} == {"qwen3.5-35b-a3b"}


def test_a_profile_or_a_model_may_be_named_as_profile():
    assert plan_for(machine(A100_80), Wish(profile="qwen3.5-9b-bf16")).chosen.profile.name == "qwen3.5-9b-bf16"
    assert plan_for(machine(A100_80), Wish(profile="demo")).chosen.profile.name == "demo-bf16"
    assert plan_for(machine(), Wish(profile="demo")).chosen.profile.name == "demo-gguf"


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        (Wish(profile="qwen3.5-27b-fp9"), "did you mean 'qwen3.5-27b-fp8'?"),
        (Wish(profile="GPTQ"), "did you mean 'gptq'?"),
        (Wish(profile="zzz"), "no profile, precision or model is named 'zzz'"),
        (Wish(model="qwen3.5-27"), "did you mean 'qwen3.5-27b'?"),
        (Wish(profile="fp8", model="qwen3.5-9b"), "model 'qwen3.5-9b' has no profile 'fp8'"),
        (Wish(max_model_len=0), "max_model_len: expected at least 1, got 0"),
        (Wish(num_replicas=-1), "num_replicas: expected at least 1, got -1"),
    ],
)
def test_a_wish_that_names_nothing_is_a_usage_error(wish, message):
    with pytest.raises(UsageError) as raised:
        plan_for(machine(A100_80), wish)
    assert message in raised.value.message


def test_an_unknown_name_points_to_the_list():
    with pytest.raises(UsageError) as raised:
        plan_for(machine(), Wish(profile="zzz"))
    assert raised.value.hint == "qorch profiles list"


def test_the_articles_model_is_chosen_only_by_name():
    inventory = machine(A6000)
    for wish in (Wish(), Wish(profile="gptq")):
        assert "choose it by name" in candidate(plan_for(inventory, wish), "qwen3.5-72b-a14b-gptq").refusal
    for wish in (Wish(profile="qwen3.5-72b-a14b-gptq"), Wish(profile="gptq", model="qwen3.5-72b-a14b")):
        assert plan_for(inventory, wish).chosen.profile.name == "qwen3.5-72b-a14b-gptq"


def test_without_a_gpu_and_without_weights_the_stand_in_serves_and_says_what_it_is():
    plan = plan_for(machine(), weights=NOWHERE)
    assert plan.chosen.profile.model.status is ModelStatus.STAND_IN
    assert plan.failure is None
    assert "random weights" in plan.notices[0]
    assert any("would rank first: no route to the hub" in notice for notice in plan.notices)


@pytest.mark.parametrize(
    ("inventory", "wish"),
    [
        (machine(A6000, memory_gib=64), Wish()),
        (with_gpus(machine(), replace(gpu(0, *A6000), error="GPU is lost")), Wish()),
        (machine(), Wish(profile="gguf")),
        (machine(), Wish(model="qwen3.5-4b")),
        (machine(), Wish(profile="qwen3.5-4b-q8_0")),
    ],
)
def test_with_a_gpu_or_a_named_model_missing_weights_stop_the_plan(inventory, wish):
    plan = plan_for(inventory, wish, weights=NOWHERE)
    assert (plan.chosen, plan.failure) == (None, PlanFailure.WEIGHTS_MISSING)
    assert "no route to the hub" in plan.reason


def test_one_model_on_disk_is_enough_to_leave_the_stand_in_alone():
    availability = {**everywhere(NOWHERE), "qwen3.5-2b-q8_0": HERE}
    plan = choose(PROFILES, one_host(machine()), Wish(), availability, ENGINES, PREDICT)
    assert plan.chosen.profile.name == "qwen3.5-2b-q8_0"
    assert "a stand-in with random weights" in candidate(plan, "demo-gguf").refusal


def test_weights_that_nobody_looked_for_are_not_there():
    plan = choose(PROFILES, one_host(machine()), Wish(profile="qwen3.5-2b-q8_0"), {}, ENGINES, PREDICT)
    assert plan.failure is PlanFailure.WEIGHTS_MISSING


def test_weights_that_the_disk_cannot_hold_are_refused_unless_they_are_there():
    inventory = machine(memory_gib=64)
    small = replace(inventory, host=replace(inventory.host, disk_free_bytes=30 * 2**30))
    assert candidate(plan_for(small, weights=HERE), "qwen3.5-35b-a3b-q8_0").refusal is None
    plan = plan_for(small, weights=FETCHABLE)
    assert candidate(plan, "qwen3.5-35b-a3b-q8_0").refusal == "35.2 GiB to fetch, 30.0 GiB free on disk"
    assert plan.chosen.profile.name == "qwen3.5-35b-a3b-ud-q4_k_xl"


def test_a_missing_engine_leaves_the_cpu_to_serve_and_the_plan_says_what_would_be_better():
    plan = plan_for(machine(A6000, memory_gib=64), engines=NO_VLLM)
    assert plan.chosen.profile.engine is EngineName.LLAMA_CPP
    assert "qwen3.5-35b-a3b-gptq would rank first: vllm is not installed" in plan.notices


def test_a_named_profile_whose_engine_is_missing_is_told_apart_from_a_misfit():
    plan = plan_for(machine(A6000), Wish(profile="fp8"), engines=NO_VLLM)
    assert (plan.chosen, plan.failure) == (None, PlanFailure.ENGINE_MISSING)
    assert plan.nearest == "qwen3.5-35b-a3b-q8_0"  # on the CPU, where the 122B takes 21 s to read 1,024 tokens


def test_what_does_not_fit_names_what_would():
    plan = plan_for(machine(RTX_4090), Wish(profile="qwen3.5-27b-bf16"))
    assert (plan.chosen, plan.failure, plan.nearest) == (None, PlanFailure.DOES_NOT_FIT, "qwen3.5-9b-bf16")


def test_where_nothing_fits_the_nearest_misses_least():
    plan = plan_for(machine(memory_gib=1.5))
    assert (plan.chosen, plan.failure) == (None, PlanFailure.DOES_NOT_FIT)
    assert plan.nearest == "qwen3.5-0.8b-ud-q4_k_xl"
    assert "needs 1." in plan.reason


def test_a_wished_context_that_fits_nowhere_is_a_misfit_of_all():
    plan = plan_for(machine(A100_80), Wish(max_model_len=300_000))
    assert plan.failure is PlanFailure.DOES_NOT_FIT
    assert plan.nearest == "qwen3.5-27b-fp8"


def test_a_model_too_slow_to_read_along_is_refused_unless_it_is_named():
    inventory = machine(memory_gib=64)
    assert "below the usable 3" in candidate(plan_for(inventory), "qwen3.5-27b-q4_k_m").refusal
    plan = plan_for(inventory, Wish(profile="qwen3.5-27b-q4_k_m"))
    assert plan.chosen.profile.name == "qwen3.5-27b-q4_k_m"
    assert any("slower than most people read" in notice for notice in plan.notices)


def test_more_replicas_divide_the_cores_and_so_the_speed():
    inventory = machine(memory_gib=256, cores=16)
    assert candidate(plan_for(inventory), "qwen3.5-9b-q8_0").refusal is None
    slow = candidate(plan_for(inventory, Wish(num_replicas=4)), "qwen3.5-9b-q8_0")
    assert slow.refusal == "about 1.4 tok/s a stream, below the usable 3"


@pytest.mark.parametrize(
    ("inventory", "notice"),
    [
        (machine(*[A100_80] * 3), "1 of 3 GPUs stay idle; more replicas can use them"),
        (machine(A100_80), "past 131,072 tokens of context the model follows instructions less well"),
        (machine(V100), "the model runs on the CPU and the GPU stays idle"),
        (machine(V100), "GGUF files are not run on NVIDIA GPUs"),
        (
            with_gpus(machine(A100_80), gpu(0, *A100_80), replace(gpu(1, *A100_80), error="lost")),
            "GPU 1 is left out: lost",
        ),
    ],
)
def test_a_plan_tells_what_a_person_should_know(inventory, notice):
    assert any(notice in said for said in plan_for(inventory).notices)


def test_every_candidate_carries_its_reason():
    for inventory in (machine(A6000), machine(memory_gib=16)):
        for one in plan_for(inventory).candidates:
            assert one.refusal or all(step.why for step in one.steps)


def test_a_lost_precision_is_said():
    plan = plan_for(machine(A6000))
    assert next(step for step in plan.candidates[0].steps if step.name == "quality").why == "quality 0.82 x 97.0% kept"
    assert plan.notices[0].startswith("int4 group 128, rest bfloat16 loses about 3.0% of the model's quality (founding")
    assert not any("loses about" in notice for notice in plan_for(machine(RTX_4090)).notices)


@settings(deadline=None)
@given(st.permutations(PROFILES), st.sampled_from([machine(A6000), machine(A100_80, A100_80), machine(memory_gib=32)]))
def test_the_choice_does_not_depend_on_the_order_of_the_profiles(profiles, inventory):
    shuffled = choose(tuple(profiles), one_host(inventory), Wish(), everywhere(FETCHABLE), ENGINES, PREDICT)
    assert shuffled == plan_for(inventory)


def test_equal_scores_are_ranked_by_name():
    profile = next(one for one in PROFILES if one.name == "qwen3.5-2b-q8_0")
    twins = tuple(replace(profile, name=name) for name in ("b", "a"))
    plan = choose(twins, one_host(machine()), Wish(), everywhere(HERE, twins), ENGINES, PREDICT)
    assert [one.profile.name for one in plan.candidates] == ["a", "b"]


@given(st.floats(1, 600), st.integers(1, 64))
def test_scores_stay_between_0_and_1_and_fall_with_the_rank(memory_gib, cores):
    scores = [one.score for one in plan_for(machine(memory_gib=memory_gib, cores=cores)).candidates]
    assert all(0 <= score <= 1 for score in scores)
    assert scores == sorted(scores, reverse=True)
