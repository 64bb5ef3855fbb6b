"""A written plan against the host of today: the same, or refused with its figures."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.adapters.described_site import parse_hardware
from orchestrator.adapters.gpu_table import load_gpus, shipped_gpus_dir
from orchestrator.adapters.plan_file import read_plan
from orchestrator.app.planned import make_planned, require_one_host
from orchestrator.app.weights import OnProgress, ResolvedWeights
from orchestrator.cli.wish import planned_data
from orchestrator.core.deployment import DeploymentSpec
from orchestrator.core.device import Device
from orchestrator.core.errors import DoesNotFit, UsageError
from orchestrator.core.inventory import Inventory
from orchestrator.core.lora import Lora
from orchestrator.core.objective import Objective
from orchestrator.core.order_diff import differences
from orchestrator.core.plan import Availability, FitPlan
from orchestrator.core.plan_diff import plan_differences
from orchestrator.core.planned import Planned
from orchestrator.core.planned_deployment import Endpoint, ModelFiles, Places, deployment_spec
from orchestrator.core.profile import EngineName
from orchestrator.core.wish import Wish
from orchestrator.views.plan import plan_text
from orchestrator.views.plan_data import plan_data
from tests.app.samples import WEIGHTS
from tests.core.adapters import lora
from tests.core.family import ARCHITECTURES
from tests.core.machines import (
    A100_80,
    A6000,
    BY_NAME,
    ENGINES,
    H100_80,
    HERE,
    PREDICT,
    PROFILES,
    RTX_4090,
    T4,
    gpu,
    machine,
    plan_for,
    with_gpus,
)

TWO_A100 = machine(A100_80, A100_80)
ON_CPU = plan_for(machine(memory_gib=32, cores=8), Wish("qwen3.5-9b-q8_0", num_replicas=2))
VLLM_ON_CPU = plan_for(machine(), Wish("demo-bf16", engine=EngineName.VLLM, device=Device.CPU))
ON_GPU = plan_for(machine(A6000, A100_80, A100_80), Wish("qwen3.5-27b-bf16", tensor_parallel_size=2))


class HereWeights:
    def availability(self, profile: object) -> Availability:
        return HERE

    def resolve(self, profile: object, progress: OnProgress) -> ResolvedWeights:
        return WEIGHTS


def written(plan: FitPlan, folder: Path, source: str = "probed") -> Planned:
    """What a plan of one placement says."""
    (planned,) = all_written(plan, folder, source)
    return planned


def all_written(plan: FitPlan, folder: Path, source: str = "probed") -> tuple[Planned, ...]:
    data = plan_data(plan)
    for host in data["hosts"]:
        host["inventory"]["source"] = source
    path = folder / "plan.yaml"
    path.write_text(yaml.safe_dump(data))
    return require_one_host(read_plan(path, BY_NAME))


def remade(planned: Planned, inventory: Inventory) -> FitPlan:
    return all_remade((planned,), inventory)


def all_remade(planned: tuple[Planned, ...], inventory: Inventory) -> FitPlan:
    return make_planned(planned, PROFILES, inventory, HereWeights(), ENGINES, PREDICT)


def test_adapters_are_written_by_name_and_folder_and_planned_for_again(tmp_path: Path) -> None:
    one = lora(ARCHITECTURES["qwen3.5-9b"])
    plan = plan_for(machine(A100_80), Wish("qwen3.5-9b-bf16", loras=(one,)))
    planned = written(plan, tmp_path)
    assert planned.loras == (Lora("mine", "/adapters/mine"),)
    again = remade(replace(planned, loras=(one,)), plan.inventory)
    assert again.chosen is not None
    assert again.chosen.vllm.max_loras == 1
    assert again.wish.loras == (one,)


DRAFTING = plan_for(machine(A100_80), Wish("qwen3.5-9b-bf16", num_speculative_tokens=2))


def test_drafted_tokens_are_written_and_the_same_order_is_recognised(tmp_path: Path) -> None:
    planned = written(DRAFTING, tmp_path)
    assert planned.num_speculative_tokens == 2
    again = remade(planned, DRAFTING.inventory)
    asked = planned_data((planned,))
    running = replace(deployed(again), asked=asked)
    assert asked["speculative-tokens"] == again.wish.num_speculative_tokens == 2
    assert (differences(running, asked), plan_differences(running, again)) == ((), ())
    off = replace(planned, num_speculative_tokens=0)
    assert differences(running, planned_data((off,))) == ("speculative-tokens: 2 runs, None is asked for",)
    assert [each.name for each in plan_differences(running, remade(off, DRAFTING.inventory))] == ["speculative-tokens"]


@pytest.mark.parametrize("plan", [ON_CPU, ON_GPU, VLLM_ON_CPU, DRAFTING], ids=["cpu", "gpu", "vllm-on-cpu", "drafting"])
def test_on_the_same_host_the_same_runs(plan: FitPlan, tmp_path: Path) -> None:
    again = remade(written(plan, tmp_path), plan.inventory)
    assert again.chosen is not None
    first, second = plan_data(plan)["placements"][0], plan_data(again)["placements"][0]
    assert second == {**first, "fit": {**first["fit"], "notes": second["fit"]["notes"]}}
    assert again.reason == f"{again.chosen.profile.name} as planned: it still fits"


def test_it_goes_on_the_gpus_that_it_names_and_on_no_other(tmp_path: Path) -> None:
    four = machine(*[A100_80] * 4)
    planned = replace(written(ON_GPU, tmp_path), gpu_sets=((1, 3),))
    assert remade(planned, four).placements[0].gpu_sets == ((1, 3),)


@pytest.mark.parametrize(
    ("inventory", "words"),
    [
        (TWO_A100, "it uses NVIDIA A100-SXM4-80GB as GPU 2, and this host has GPU 0, 1"),
        (
            machine(A100_80, A6000, A6000),
            "it was made for NVIDIA A100-SXM4-80GB as GPU 1, which here is NVIDIA RTX A6000",
        ),
        (machine(), "it uses NVIDIA A100-SXM4-80GB as GPU 1, and this host has no GPU that answers"),
        (with_gpus(machine(), gpu(0, *A6000), gpu(1, *A100_80), gpu(2, *A100_80, free_gib=40)), "usable on each of 2"),
    ],
    ids=["fewer", "others", "none", "in use"],
)
def test_other_gpus_or_used_ones_are_refused(inventory: Inventory, words: str, tmp_path: Path) -> None:
    with pytest.raises(DoesNotFit) as raised:
        remade(written(ON_GPU, tmp_path), inventory)
    assert words in raised.value.message
    assert raised.value.hint == "qorch plan"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"max_model_len": 262_144, "max_num_seqs": 64}, "needs "),
        ({"max_model_len": 300_000}, "a context of 300,000 tokens was asked for, the model takes 262,144"),
        ({"gpu_sets": ((),) * 40}, "for "),
    ],
)
def test_a_plan_that_was_edited_into_what_does_not_fit_is_refused_with_figures(
    change: dict[str, object], words: str, tmp_path: Path
) -> None:
    planned = written(ON_CPU, tmp_path)
    with pytest.raises(DoesNotFit) as raised:
        remade(replace(planned, **change), ON_CPU.inventory)  # type: ignore[arg-type]
    assert words in raised.value.message


def test_a_profile_that_runs_on_another_device_than_the_plan_says_is_refused(tmp_path: Path) -> None:
    planned = replace(written(ON_CPU, tmp_path), device=Device.GPU, gpu_sets=((0,),), device_name=A6000[0])
    with pytest.raises(DoesNotFit, match="the plan says gpu, and qwen"):
        remade(planned, machine(A6000))


def test_less_free_memory_than_when_it_was_made_is_refused_with_figures(tmp_path: Path) -> None:
    host = replace(ON_CPU.inventory.host, memory_available_bytes=8 * 2**30)
    with pytest.raises(DoesNotFit, match=r"does not fit here today: needs [\d.]+ GiB, [\d.]+ GiB usable"):
        remade(written(ON_CPU, tmp_path), replace(ON_CPU.inventory, host=host))


@pytest.mark.parametrize(("source", "refused"), [("described: cpu:32gb", True), ("probed", False)])
def test_a_described_host_that_is_larger_than_this_one_is_another(source: str, refused: bool, tmp_path: Path) -> None:
    small = plan_for(machine(memory_gib=32, cores=8), Wish("qwen3.5-2b-q8_0"))
    planned, smaller = written(small, tmp_path, source), machine(memory_gib=28, cores=8)
    if not refused:
        assert remade(planned, smaller).chosen is not None
        return
    with pytest.raises(DoesNotFit, match=r"8 cores and 32.0 GiB, this one has 8 cores and 28.0 GiB"):
        remade(planned, smaller)


def deployed(plan: FitPlan) -> DeploymentSpec:
    files = {profile.name: ModelFiles(f"/w/{profile.name}", None) for profile in plan.profiles}
    places = Places("/logs", "/keys.json", "/admin", "/claims", "/scaling.json")
    return deployment_spec("default", plan, files, places, Endpoint("127.0.0.1", 8000, False), {}, created_s=7)


MIXED = plan_for(machine(A100_80, A100_80, A6000), Wish(model="qwen3.5-35b-a3b", num_replicas=3))


def test_a_plan_of_two_kinds_of_gpu_is_deployed_whole(tmp_path: Path) -> None:
    assert [each.fit.profile.name for each in MIXED.placements] == ["qwen3.5-35b-a3b-bf16", "qwen3.5-35b-a3b-fp8"]
    again = all_remade(all_written(MIXED, tmp_path), MIXED.inventory)
    assert deployed(again) == deployed(MIXED)
    assert again.reason == "qwen3.5-35b-a3b-bf16 + qwen3.5-35b-a3b-fp8 as planned: it still fits"
    assert [candidate.profile for candidate in again.candidates] == list(again.profiles)
    assert plan_text(again, width=100).count("on vllm, GPU ") == 2


def test_a_fleet_that_runs_as_a_plan_of_several_variants_says_is_recognised(tmp_path: Path) -> None:
    planned = all_written(MIXED, tmp_path)
    asked = planned_data(planned)
    assert (asked["profile"], asked["context"]) == (
        "qwen3.5-35b-a3b-bf16 + qwen3.5-35b-a3b-fp8",
        "147456 + 220160",
    )
    running = deployed(MIXED)
    assert differences(running, asked) == differences(replace(running, asked=asked), asked) == ()
    other = planned_data((planned[0], replace(planned[1], max_model_len=4096)))
    assert differences(running, other) == ("context: None runs, 147456 + 4096 is asked for",)


CARDS = [A100_80, A6000, RTX_4090, H100_80, T4]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.sampled_from(CARDS), max_size=4),
    st.sampled_from(["qwen3.5-4b", "qwen3.5-9b", "qwen3.5-35b-a3b"]),
    st.none() | st.integers(1, 4),
    st.sampled_from(Objective),
)
def test_whatever_is_planned_for_a_host_is_deployed_as_if_it_had_not_been_written_down(
    cards: list[tuple[str, float, tuple[int, int]]], model: str, replicas: int | None, objective: Objective
) -> None:
    plan = plan_for(machine(*cards), Wish(model=model, num_replicas=replicas, objective=objective))
    if plan.chosen is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        planned = all_written(plan, Path(folder))
    assert deployed(all_remade(planned, plan.inventory)) == deployed(plan)


def test_a_part_that_does_not_fit_any_more_stops_the_whole(tmp_path: Path) -> None:
    used = with_gpus(MIXED.inventory, *MIXED.inventory.gpus[:2], gpu(2, *A6000, free_gib=10))
    with pytest.raises(DoesNotFit, match=r"the plan of qwen3\.5-35b-a3b-fp8 does not fit here today: "):
        all_remade(all_written(MIXED, tmp_path), used)


def test_a_plan_of_two_models_is_no_fleet(tmp_path: Path) -> None:
    planned = all_written(MIXED, tmp_path)
    other = replace(planned[1], profile="qwen3.5-9b-bf16", max_model_len=32_768)
    with pytest.raises(UsageError, match=r"places qwen3\.5-35b-a3b and qwen3\.5-9b, and a fleet serves one model"):
        all_remade((planned[0], other), MIXED.inventory)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (({}, {"host_group": 1}), "it is for hosts of 2 kinds"),
        (({}, {"num_hosts": 3}), "qwen3.5-35b-a3b-fp8 is for 3 hosts"),
        (({}, {"gpu_sets": ((1,),)}), "GPU 1 is in 2 placements, which are for as many hosts"),
        (({"device": Device.CPU, "gpu_sets": ((),)}, {}), "is for the CPU of a host that runs nothing else"),
    ],
)
def test_a_plan_of_several_hosts_is_refused_with_what_shows_it(
    changes: tuple[dict[str, Any], ...], words: str, tmp_path: Path
) -> None:
    planned = all_written(MIXED, tmp_path)
    with pytest.raises(DoesNotFit) as raised:
        require_one_host(tuple(replace(one, **change) for one, change in zip(planned, changes, strict=True)))
    assert words in raised.value.message
    assert raised.value.hint == "qorch plan --profile qwen3.5-35b-a3b-bf16 -o yaml"


def test_slices_keep_their_numbers_and_are_compared_by_their_profile(tmp_path: Path) -> None:
    table = load_gpus(shipped_gpus_dir())
    inventory = parse_hardware("h100-80gb/mig-1g.10gb:3+3g.40gb:1", table)
    planned = written(plan_for(inventory, Wish("qwen3.5-9b-bf16")), tmp_path)
    assert (planned.gpu_sets, planned.device_name) == ((("0:3",),), "NVIDIA H100 80GB HBM3 MIG 3g.40gb")
    assert remade(planned, inventory).placements[0].gpu_sets == (("0:3",),)
    with pytest.raises(DoesNotFit, match=r"as GPU 0:3, which here is NVIDIA H100 80GB HBM3 MIG 1g.10gb"):
        remade(planned, parse_hardware("h100-80gb/mig-1g.10gb:4", table))
    with pytest.raises(DoesNotFit, match=r"as GPU 0:3, and this host has GPU 0$"):
        remade(planned, parse_hardware("h100-80gb", table))
