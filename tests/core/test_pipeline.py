"""What one host cannot hold, in stages over several."""

from __future__ import annotations

import pytest

from orchestrator.core.choose import choose
from orchestrator.core.inventory import HostGroup, Site
from orchestrator.core.plan import FitPlan, PlanFailure, Shape
from orchestrator.core.profile import Precision, Profile
from orchestrator.core.vllm_blocks import blocks
from orchestrator.core.vllm_memory import vllm_parts
from orchestrator.core.vllm_pipeline import Stage, layers_of_stages, stages
from orchestrator.core.vllm_weights import gpu_weights
from orchestrator.core.wish import Wish
from tests.core.family import ARCHITECTURES
from tests.core.machines import A100_80, BY_NAME, ENGINES, FETCHABLE, PREDICT, PROFILES, everywhere, machine

LARGEST = "qwen3.5-397b-a17b-bf16"
every_size = pytest.mark.parametrize("name", ARCHITECTURES)


def plan_over(count: int, wish: Wish) -> FitPlan:
    site = Site((HostGroup(machine(*[A100_80] * 8), count),))
    return choose(PROFILES, site, wish, everywhere(FETCHABLE), ENGINES, PREDICT)


def test_397b_in_bf16_goes_over_two_hosts_of_eight_gpus_and_over_no_fewer() -> None:
    plan = plan_over(2, Wish(LARGEST))
    assert plan.chosen is not None
    assert (plan.chosen.pipeline_parallel_size, plan.chosen.tensor_parallel_size, plan.num_replicas) == (2, 8, 1)
    assert (plan.placements[0].num_hosts, plan.placements[0].num_gpus) == (2, 16)
    assert any("spans 2 hosts" in notice for notice in plan.notices)
    assert plan_over(1, Wish(LARGEST)).failure is PlanFailure.DOES_NOT_FIT
    assert plan_over(2, Wish(LARGEST, max_gpus=15)).failure is PlanFailure.DOES_NOT_FIT


def test_five_hosts_have_room_for_two_replicas_of_two() -> None:
    plan = plan_over(5, Wish(LARGEST, num_replicas=2))
    assert [(one.num_hosts, one.num_replicas) for one in plan.placements] == [(4, 2)]
    assert plan_over(5, Wish(LARGEST, num_replicas=3)).failure is PlanFailure.DOES_NOT_FIT


def test_what_one_host_holds_spans_no_others() -> None:
    for wish in (Wish(), Wish("qwen3.5-397b-a17b-fp8"), Wish("qwen3.5-27b")):
        chosen = plan_over(4, wish).chosen
        assert chosen is not None
        assert chosen.pipeline_parallel_size == 1


@pytest.mark.parametrize(
    ("layers", "size", "each"), [(60, 2, (30, 30)), (62, 4, (15, 16, 16, 15)), (64, 7, (9, 9, 9, 9, 9, 10, 9))]
)
def test_layers_left_over_go_to_the_stages_before_the_last(layers: int, size: int, each: tuple[int, ...]) -> None:
    assert layers_of_stages(layers, size) == each


@every_size
@pytest.mark.parametrize("size", [2, 3, 8])
def test_stages_hold_each_layer_once_and_the_embedding_each(name: str, size: int) -> None:
    a = ARCHITECTURES[name]
    parts = stages(a, size)
    assert sum(part.architecture.num_hidden_layers for part in parts) == a.num_hidden_layers
    held = sum(gpu_weights(part.architecture, Precision.BF16, 1).text for part in parts)
    repeated = 2 * a.vocab_size * a.hidden_size + 2 * a.hidden_size  # embedding; the last norm, which is counted on all
    assert held == gpu_weights(a, Precision.BF16, 1).text + (size - 1) * repeated


@every_size
@pytest.mark.parametrize("size", [1, 2, 4])
def test_a_stage_has_its_part_of_every_block(name: str, size: int) -> None:
    a = ARCHITECTURES[name]
    whole = blocks(a, 1)
    here = [part.blocks(whole) for part in stages(a, size)]
    assert sum(unit.bytes for unit in here) >= whole.bytes
    assert max(unit.bytes for unit in here) <= whole.bytes
    assert {(unit.tokens, unit.state_blocks) for unit in here} == {(whole.tokens, whole.state_blocks)}


def test_the_stage_that_needs_the_most_is_charged() -> None:
    profile = BY_NAME[LARGEST]
    charged = next(part for part in vllm_parts(profile, Shape(4096, 1, 8, pipeline_parallel_size=2)))
    first, last = (gpu_weights(part.architecture, Precision.BF16, 8).bytes for part in _stages(profile))
    assert charged.bytes == last > first  # 30 layers each; the last has one full-attention layer more, and the head


def _stages(profile: Profile) -> tuple[Stage, ...]:
    assert profile.model.architecture is not None
    return stages(profile.model.architecture, 2)
