"""The plan as people read it and as programs do."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import yaml

from orchestrator.core.choose import choose
from orchestrator.core.inventory import HostGroup, NotAvailable, Site
from orchestrator.core.objective import Objective
from orchestrator.core.wish import Wish
from orchestrator.views.plan import plan_text
from orchestrator.views.plan_data import plan_data
from tests.core.machines import (
    A100_80,
    A6000,
    ENGINES,
    FETCHABLE,
    NOWHERE,
    PREDICT,
    PROFILES,
    RTX_4090,
    everywhere,
    gpu,
    machine,
    plan_for,
    with_gpus,
)

PLANS = {
    "gpu": plan_for(machine(A6000, memory_gib=64)),
    "cpu": plan_for(machine(memory_gib=16, cores=8)),
    "stand-in": plan_for(machine(), weights=NOWHERE),
    "nothing": plan_for(machine(RTX_4090), Wish(profile="qwen3.5-27b-bf16")),
}
plans = pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)


def lines_under(text, heading):
    """The lines of one section."""
    section = next(part for part in text.split("\n\n") if part.startswith(heading))
    return section.splitlines()[1:]


def test_the_text_says_what_was_detected():
    lines = lines_under(plan_text(PLANS["gpu"], 200), "Hardware")
    assert lines == [
        "  CPU    test, 16 cores, 64.0 GiB of 64.0 GiB memory available, 2,000.0 GiB disk free",
        "  GPU 0  NVIDIA RTX A6000, 48.0 GiB of 48.0 GiB free, compute capability 8.6",
    ]
    assert lines_under(plan_text(PLANS["cpu"], 200), "Hardware")[1] == "  no GPU: there is no NVIDIA driver"


def test_a_gpu_that_does_not_answer_shows_its_error_and_an_unknown_reading_says_so():
    lost = replace(gpu(0, *A100_80), error="GPU is lost")
    odd = replace(
        gpu(1, *A100_80),
        name=NotAvailable("?"),
        memory_free_bytes=NotAvailable("?"),
        compute_capability=NotAvailable("?"),
    )
    lines = lines_under(plan_text(plan_for(with_gpus(machine(), lost, odd)), 200), "Hardware")
    assert lines[1:] == [
        "  GPU 0  GPU is lost",
        "  GPU 1  unnamed GPU, not available of 80.0 GiB free, compute capability not available",
    ]


def test_the_candidates_are_a_table_in_the_order_of_rank():
    header, best, *others = lines_under(plan_text(PLANS["gpu"], 300, all_candidates=True), "Candidates")
    assert header.split() == ["PROFILE", "ENGINE", "SCORE", "WHY"]
    assert best.split()[:3] == ["qwen3.5-35b-a3b-gptq", "vllm", "0.79"]
    assert any("qwen3.5-397b-a17b-bf16" in line and "needs 742.8 GiB" in line for line in others)


def test_the_same_refusal_is_said_once():
    lines = lines_under(plan_text(PLANS["cpu"], 300, all_candidates=True), "Candidates")
    assert sum("there is no NVIDIA driver" in line for line in lines) == 1
    assert "and 23 more" in lines[-1]


def test_what_will_run_and_its_memory_are_shown_with_the_arithmetic():
    text = plan_text(PLANS["gpu"], 200)
    assert lines_under(text, "Will run") == [
        "  qwen3.5-35b-a3b-gptq on vllm, GPU 0: 262,144 tokens of context, 106 sequences, 1 replica",
        "  qwen3.5-35b-a3b-gptq has the highest score of those that can run, 0.79",
    ]
    memory = lines_under(text, "Memory of one replica of")
    bar, header, *rows = memory
    assert header.split() == ["PART", "NEEDS", "HOW"]
    assert [line.split()[:2] for line in rows] == [
        ["W", "weights"],
        ["K", "kv_cache"],
        ["R", "recurrent_state"],
        ["A", "activations"],
        ["O", "overhead"],
        [".", "headroom"],
    ]
    assert list(dict.fromkeys(bar.strip(" []"))) == ["W", "K", "R", "A", "O", "."]
    assert "24,403,152,608 B" in rows[0]
    assert rows[-1].endswith("of 44.2 GiB usable: the lesser of 92% of 48.0 GiB and 48.0 GiB free")


def test_each_variant_and_each_kind_of_host_is_shown():
    groups = (HostGroup(machine(A100_80, A100_80, A6000), 2), HostGroup(machine(memory_gib=16)))
    wish = Wish(model="qwen3.5-72b-a14b", num_replicas=4, objective=Objective.QUALITY)
    plan = choose(PROFILES, Site(groups), wish, everywhere(FETCHABLE), ENGINES, PREDICT)
    text = plan_text(plan, 300)
    assert "Hardware (test), 2 hosts, each\n" in text
    assert "Hardware (test)\n" in text
    bf16, gptq, _ = lines_under(text, "Will run")
    assert bf16.startswith("  qwen3.5-72b-a14b-bf16 on vllm, GPU 0, 1 on each of 2 hosts: ")
    assert bf16.endswith(", 2 replicas")
    assert gptq.startswith("  qwen3.5-72b-a14b-gptq on vllm, GPU 2 on each of 2 hosts: ")
    assert "Memory of one replica of qwen3.5-72b-a14b-gptq on each NVIDIA RTX A6000" in text
    first, second = plan_data(plan)["placements"]
    assert (first["profile"], first["gpu_sets"], first["num_hosts"]) == ("qwen3.5-72b-a14b-bf16", [[0, 1]], 2)
    assert (second["gpu_sets"], second["num_replicas"]) == ([[2]], 2)


def test_notices_come_last():
    assert "tiny stand-in with random weights" in lines_under(plan_text(PLANS["stand-in"], 200), "Notices")[0]


def test_a_plan_without_a_choice_says_why_and_what_would_run():
    text = plan_text(PLANS["nothing"], 300)
    assert "needs 54.8 GiB, 22.1 GiB usable on 1 x NVIDIA GeForce RTX 4090" in lines_under(text, "Nothing will run")[0]
    assert lines_under(text, "Memory of one replica of")[-1].startswith("  . headroom         -32.7 GiB")
    assert lines_under(text, "Nearest") == ["  qwen3.5-9b-bf16"]


@plans
@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal(plan, width):
    assert max(map(len, plan_text(plan, width).splitlines())) <= width


@plans
def test_the_data_survives_json_and_yaml(plan):
    data = plan_data(plan)
    assert json.loads(json.dumps(data)) == data
    assert yaml.safe_load(yaml.safe_dump(data)) == data


@plans
def test_the_data_has_the_same_keys_for_every_plan(plan):
    assert list(plan_data(plan)) == [
        "apiVersion",
        "kind",
        "qorch_version",
        "wish",
        "hosts",
        "placements",
        "chosen",
        "num_replicas",
        "bounds",
        "loras",
        "cost",
        "reason",
        "failure",
        "nearest",
        "notices",
        "candidates",
    ]
    for candidate in plan_data(plan)["candidates"]:
        assert list(candidate) == [
            "profile",
            "model",
            "precision",
            "quality_retained",
            "quality_source",
            "engine",
            "fits",
            "score",
            "refusal",
            "steps",
            "fit",
            "memory",
        ]


def test_the_data_says_what_was_chosen_and_what_failed():
    assert plan_data(PLANS["gpu"])["chosen"]["gpu_indices"] == [0]
    assert plan_data(PLANS["gpu"])["chosen"]["memory"]["headroom_bytes"] > 0
    assert plan_data(PLANS["nothing"])["chosen"] is None
    assert plan_data(PLANS["nothing"])["failure"] == "does not fit"


def test_a_reading_that_is_not_there_is_data_too():
    assert plan_data(PLANS["gpu"])["hosts"][0]["inventory"]["gpus"][0]["power_w"] == {"not_available": "not stated"}


def test_a_misfit_in_the_data_keeps_its_memory():
    last = plan_data(PLANS["gpu"])["candidates"][-1]
    assert (last["fits"], last["score"], last["fit"]) == (False, 0.0, None)
    assert last["memory"]["headroom_bytes"] < 0


def test_only_the_best_candidates_are_shown_and_how_many_more_there_are():
    few, all_ = (lines_under(plan_text(PLANS["gpu"], 300, every), "Candidates") for every in (False, True))
    assert [line.split() for line in few[:-1]] == [line.split() for line in all_[: len(few) - 1]]
    can_run = sum(one.refusal is None for one in PLANS["gpu"].candidates[5:])
    assert few[-1].endswith(f"more, of which {can_run} can run: `qorch plan --all` shows them with their reasons")
    assert len(PLANS["gpu"].candidates) - 5 == int(few[-1].split()[0])


def test_equal_gpus_are_one_line():
    lines = lines_under(plan_text(plan_for(machine(A100_80, A100_80, A6000)), 200), "Hardware")
    assert lines[1].startswith("  GPU 0-1  NVIDIA A100-SXM4-80GB, ")
    assert lines[1].endswith("compute capability 8.0, each")
    assert lines[2].startswith("  GPU 2  NVIDIA RTX A6000, ")
