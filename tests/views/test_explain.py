"""One candidate with all its arithmetic, whether it can run or not."""

from __future__ import annotations

import json

import pytest

from orchestrator.core.errors import UsageError
from orchestrator.core.objective import Objective
from orchestrator.core.plan import Candidate, FitPlan
from orchestrator.core.request import candidate_named
from orchestrator.core.wish import Wish
from orchestrator.views.explain import explain_data, explain_text
from tests.core.machines import A100_80, A6000, machine, plan_for

PLAN = plan_for(machine(A100_80, A100_80, A6000))
FEW = plan_for(machine(memory_gib=64), Wish(objective=Objective.LATENCY))


def text(plan: FitPlan, name: str, width: int = 200) -> str:
    return explain_text(plan, candidate_named(plan, name), width)


def test_each_step_shows_its_value_its_weight_and_its_reason_and_their_product_is_the_score() -> None:
    shown = text(FEW, "qwen3.5-35b-a3b-q8_0")
    section = next(part for part in shown.split("\n\n") if part.startswith("Score"))
    rows = [line.split() for line in section.splitlines()[2:]]
    product = 1.0
    for row in rows:
        product *= float(row[3])
    assert product == pytest.approx(float(section.split()[1].rstrip(",")), abs=0.002)
    assert {row[0]: row[2] for row in rows}["latency"] == "1"
    assert {row[0]: row[2] for row in rows}["speed"] == "0"
    assert shown.startswith("qwen3.5-35b-a3b-q8_0: score ")


def test_memory_estimates_quality_and_their_sources_are_there() -> None:
    shown = text(FEW, "qwen3.5-35b-a3b-q8_0")
    assert "K kv_cache" in shown
    assert "10 layers x 2 x 2 heads x 256 x 2 B x " in shown
    assert "99.5% of it kept in this precision (stated by qorch" in shown
    assert "Estimated for one replica of qwen3.5-35b-a3b-q8_0" in shown


def test_the_other_ways_to_run_it_are_named() -> None:
    shown = text(PLAN, "qwen3.5-27b-gptq")
    assert "Runs\n  on 2 x NVIDIA A100-SXM4-80GB: 262,144 tokens of context" in shown
    assert "on 1 x NVIDIA A100-SXM4-80GB" in shown.partition("Other ways")[2]
    assert "on 1 x NVIDIA RTX A6000" in shown.partition("Other ways")[2]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("qwen3.5-397b-a17b-bf16", ("refused, rank", "Refused\n  needs 372.6 GiB", "|WW", "-299.0 GiB")),
        ("qwen3.5-72b-a14b-gptq", ("choose it by name", "Would run\n", "Score 0, and 0.8", "refuses")),
    ],
)
def test_a_refusal_keeps_its_numbers(name: str, words: tuple[str, ...]) -> None:
    shown = text(PLAN, name)
    assert [word for word in words if word not in shown] == []


@pytest.mark.parametrize("candidate", PLAN.candidates, ids=lambda candidate: candidate.profile.name)
def test_every_candidate_is_explained_within_the_terminal_and_as_data(candidate: Candidate) -> None:
    assert max(map(len, explain_text(PLAN, candidate, 80).splitlines())) <= 80
    data = explain_data(PLAN, candidate)
    assert json.loads(json.dumps(data)) == data
    assert len(data["options"]) == len(candidate.options)


@pytest.mark.parametrize(
    ("name", "meant"),
    [("qwen3.5-27b-gpt", "'qwen3.5-27b-gptq'"), ("xyz", "'qwen3.5-27b-bf16' or ")],
)
def test_an_unknown_name_is_answered_with_the_nearest(name: str, meant: str) -> None:
    with pytest.raises(UsageError) as raised:
        candidate_named(PLAN, name)
    assert f"is named '{name}'; did you mean {meant}" in raised.value.message
    assert raised.value.hint == "qorch plan --all"
