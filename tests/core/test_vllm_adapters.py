"""Which adapters vLLM serves, how much room they get, and what is planned with them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.core.device import Device
from orchestrator.core.errors import UsageError
from orchestrator.core.fit import fits
from orchestrator.core.plan import Fit, FitPlan, Misfit, PlanFailure
from orchestrator.core.profile import EngineName
from orchestrator.core.vllm_adapters import MAX_LORA_RANKS, config_refusal, lora_notes, ranks_of, with_loras
from orchestrator.core.vllm_lora import lora_bytes
from orchestrator.core.vllm_options import VLLM_DEFAULTS
from orchestrator.core.wish import Wish
from tests.core.adapters import EVERY, lora
from tests.core.machines import A100_80, A6000, BY_NAME, machine, plan_for
from tests.core.test_deployment import deployed

CONFIG: dict[str, Any] = {"peft_type": "LORA", "r": 8, "lora_alpha": 16, "target_modules": ["q_proj"], "bias": "none"}
A9B = EVERY["qwen3.5-9b"]
BF16_9B = BY_NAME["qwen3.5-9b-bf16"]


def chosen(plan: FitPlan) -> Fit:
    assert plan.chosen is not None, plan.reason
    return plan.chosen


def test_a_plain_config_is_served() -> None:
    assert config_refusal(CONFIG) is None
    assert (
        config_refusal({**CONFIG, "use_dora": False, "modules_to_save": None, "init_lora_weights": "gaussian"}) is None
    )
    assert ranks_of({**CONFIG, "rank_pattern": {"q_proj": 32, "k_proj": 8}}) == (8, 32)


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("peft_type", "IA3", "only LORA is served"),
        ("r", 0, "a rank of at least 1 was expected"),
        ("r", None, "a rank of at least 1 was expected"),
        ("r", True, "a rank of at least 1 was expected"),
        ("lora_alpha", None, "a number was expected"),
        ("target_modules", None, "the names of modules were expected"),
        ("rank_pattern", {"q_proj": "8"}, "ranks of at least 1 were expected"),
        ("rank_pattern", [8], "ranks of at least 1 were expected"),
        ("use_dora", True, "DoRA is not served"),
        ("modules_to_save", ["lm_head"], "whole modules beside the factors are not served"),
        ("bias", "all", "biases are not served"),
        ("lora_bias", True, "biases are not served"),
        ("init_lora_weights", "pissa_niter_16", "it changes the base's own weights"),
        ("alora_invocation_tokens", [1, 2], "Activated LoRA is not served"),
        ("layer_replication", [[0, 4]], "repeated layers are not served"),
        ("use_bdlora", {"a": 1}, "block-diagonal LoRA is not served"),
        ("use_qalora", True, "QALoRA is not served"),
    ],
)
def test_what_vllm_does_not_take_is_refused_with_the_field_that_says_it(field: str, value: object, why: str) -> None:
    assert config_refusal({**CONFIG, field: value}) == f"{field} is {value!r}: {why}"


def test_the_largest_rank_counts_also_where_a_pattern_has_it() -> None:
    assert config_refusal({**CONFIG, "r": 512}) is None
    assert config_refusal({**CONFIG, "r": 600}) == "its rank is 600, vLLM takes at most 512"
    assert config_refusal({**CONFIG, "rank_pattern": {"q": 513}}) == "its rank is 513, vLLM takes at most 512"


@settings(deadline=None)
@given(st.lists(st.integers(1, 512), min_size=1, max_size=4))
def test_there_is_room_for_every_adapter_at_a_rank_that_vllm_takes(ranks: list[int]) -> None:
    options = with_loras(VLLM_DEFAULTS, [lora(A9B, f"n{index}", rank) for index, rank in enumerate(ranks)])
    assert options.max_loras == len(ranks)
    assert options.max_lora_rank in MAX_LORA_RANKS
    assert options.max_lora_rank >= max(ranks)
    assert not any(max(ranks) <= smaller < options.max_lora_rank for smaller in MAX_LORA_RANKS)


def test_without_adapters_nothing_is_set_aside() -> None:
    assert with_loras(VLLM_DEFAULTS, ()) == VLLM_DEFAULTS


def test_the_plan_counts_the_memory_of_the_rank_that_is_rounded_up() -> None:
    fit = chosen(plan_for(machine(A6000), Wish("qwen3.5-9b-bf16", loras=(lora(A9B, rank=40), lora(A9B, "other")))))
    part = next(part for part in fit.memory.parts if part.name == "lora")
    assert (fit.vllm.max_loras, fit.vllm.max_lora_rank) == (2, 64)
    assert part.bytes == lora_bytes(A9B, 1, fit.vllm)
    assert part.why.startswith("2 adapters of rank 64")


def test_the_engine_is_told_each_adapter_by_its_name_and_folder() -> None:
    plan = plan_for(machine(A100_80), Wish("qwen3.5-9b-bf16", loras=(lora(A9B),)))
    spec = deployed(plan)
    words = spec.variants[0].engine.arguments
    assert {"--enable-lora", "--max-loras=1", "--max-lora-rank=8"} <= set(words)
    assert words[words.index("--lora-modules") + 1] == '{"name":"mine","path":"/adapters/mine"}'
    assert spec.gateway.loras == ("mine",)
    assert "mine" not in spec.gateway.served_model_names


@pytest.mark.parametrize(
    ("profile", "why"),
    [
        ("qwen3.5-9b-q8_0", "llama.cpp takes its own GGUF form only"),
        ("qwen3.5-9b-ollama", "Ollama takes one only within"),
    ],
)
def test_engines_that_serve_no_adapters_of_peft_are_refused_with_the_reason(profile: str, why: str) -> None:
    plan = plan_for(machine(), Wish(profile, loras=(lora(A9B),)))
    assert plan.failure is PlanFailure.DOES_NOT_FIT
    assert why in plan.reason


def test_of_all_models_those_are_left_that_the_adapter_matches() -> None:
    plan = plan_for(machine(A100_80), Wish(loras=(lora(A9B),)))
    assert {one.profile.model.name for one in plan.candidates if one.score > 0} == {"qwen3.5-9b"}
    refusal = next(one.refusal for one in plan.candidates if one.profile.name == "qwen3.5-27b-fp8")
    assert refusal is not None
    assert refusal.startswith("adapter 'mine' does not match qwen3.5-27b: model.layers.0.")


def test_the_nearest_that_would_run_takes_the_adapter_as_well() -> None:
    """Much of the catalogue runs on these GPUs, yet only one model is what the adapter was made for."""
    plan = plan_for(machine(A100_80), Wish("qwen3.5-4b-bf16", loras=(lora(A9B),)))
    assert plan.failure is PlanFailure.DOES_NOT_FIT
    assert plan.nearest is not None
    assert BY_NAME[plan.nearest].model.name == "qwen3.5-9b"


def test_a_model_whose_dimensions_nobody_gives_takes_no_adapter() -> None:
    article = next(one for one in BY_NAME.values() if one.model.architecture is None and one.engine is EngineName.VLLM)
    found = fits(article, machine(A100_80), Wish(article.name, loras=(lora(A9B),)))
    assert isinstance(found, Misfit)
    assert found.reasons[0].endswith("its dimensions are not known")


def test_experts_with_adapters_are_not_started_on_the_cpu_build() -> None:
    wish = Wish("demo-moe-bf16", engine=EngineName.VLLM, device=Device.CPU)
    moe = BY_NAME["demo-moe-bf16"]
    assert not isinstance(fits(moe, machine(), wish), Misfit)
    architecture = moe.model.architecture
    assert architecture is not None
    found = fits(
        moe, machine(), Wish(wish.profile, engine=wish.engine, device=wish.device, loras=(lora(architecture),))
    )
    assert isinstance(found, Misfit)
    assert "dies with the first request" in found.reasons[0]


@pytest.mark.parametrize("taken", ["qwen3.5-9b", "qwen3.5-27b-fp8"])
def test_an_adapter_cannot_have_the_name_of_a_model(taken: str) -> None:
    with pytest.raises(UsageError, match="the name of a model"):
        plan_for(machine(A100_80), Wish("qwen3.5-9b-bf16", loras=(lora(A9B, taken),)))


@pytest.mark.parametrize(
    ("base", "told"),
    [
        ("Qwen/Qwen3.5-9B", False),
        ("/home/me/models/Qwen3.5-9B/", False),
        ("", False),
        ("Qwen/Qwen3.5-9B-Base", True),
    ],
)
def test_an_adapter_that_names_another_base_is_told(base: str, told: bool) -> None:
    notes = lora_notes(BF16_9B, (lora(A9B, base=base),))
    assert any("says that it was made for" in note for note in notes) == told


def test_names_of_the_text_only_model_are_told_where_an_older_vllm_would_leave_them_out() -> None:
    assert any("0.32.0 leaves it out in silence" in note for note in lora_notes(BF16_9B, (lora(A9B),)))
    architecture = BY_NAME["demo-bf16"].model.architecture
    assert lora_notes(BY_NAME["demo-bf16"], (lora(architecture),)) == ()
