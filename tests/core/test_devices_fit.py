"""What goes on MIG slices, on unified memory, on Metal, and on GPUs that hold whole experts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.core.accelerators import METAL_ONLY
from orchestrator.core.device import Device
from orchestrator.core.fit import fit
from orchestrator.core.host_memory import reserve_bytes
from orchestrator.core.inventory import Inventory, MigInstance, NotAvailable
from orchestrator.core.mig import profiles_of
from orchestrator.core.parallel import Split, splits
from orchestrator.core.plan import Fit, Misfit
from orchestrator.core.profile import EngineName, Precision
from orchestrator.core.vllm_options import VllmOptions
from orchestrator.core.vllm_weights import gpu_weights
from orchestrator.core.wish import Wish
from tests.core.machines import A100_80, BY_NAME, GIB, H100_80, gpu, host, machine, plan_for, with_gpus

ONE_POOL = NotAvailable("not supported")


def cut(*profiles: str) -> Inventory:
    """An H100 in slices, beside a whole A100."""
    sizes = profiles_of("h100-80gb")
    parts = tuple(MigInstance(f"MIG-{i}", name, sizes[name], sizes[name]) for i, name in enumerate(profiles))
    sliced = replace(gpu(0, *H100_80), mig_enabled=True, mig_instances=parts)
    return with_gpus(machine(), sliced, gpu(1, *A100_80))


def spark(memory_gib: float = 119.7) -> Inventory:
    """A DGX Spark: NVML tells no memory, for it is the host's."""
    pool = {f"memory_{kind}_bytes": ONE_POOL for kind in ("total", "used", "free")}
    inventory = machine(memory_gib=memory_gib)
    shared = replace(inventory, host=replace(inventory.host, unified_memory=True))
    return with_gpus(shared, replace(gpu(0, "NVIDIA GB10", 1, (12, 1)), **pool))  # type: ignore[arg-type]


def mac(memory_gib: float) -> Inventory:
    chip = replace(host(memory_gib), cpu_model="Apple M3 Max", unified_memory=True)
    return replace(machine(), host=chip)


def test_each_slice_holds_a_replica_of_its_own() -> None:
    plan = plan_for(cut("3g.40gb", "3g.40gb"), Wish("qwen3.5-35b-a3b-gptq", num_replicas=3))
    assert [one.gpu_sets for one in plan.placements] == [((1,),), (("0:0",), ("0:1",))]
    assert plan.placements[1].fit.memory.available_bytes == int(0.92 * profiles_of("h100-80gb")["3g.40gb"])
    assert plan.placements[1].fit.device_name == "NVIDIA H100 80GB HBM3 MIG 3g.40gb"


def test_tensor_parallelism_does_not_span_slices() -> None:
    slices = with_gpus(machine(), cut("3g.40gb", "3g.40gb").gpus[0])
    missed = fit(BY_NAME["qwen3.5-27b-bf16"], slices, Wish())  # 52 GiB: two whole GPUs of 40 GiB would hold it
    assert isinstance(missed, Misfit)
    assert "usable on 1 x NVIDIA H100 80GB HBM3 MIG 3g.40gb" in missed.reasons[0]
    missed = fit(BY_NAME["qwen3.5-27b-bf16"], slices, Wish(tensor_parallel_size=2))
    assert isinstance(missed, Misfit)
    assert missed.reasons == ("needs 2 whole GPUs: tensor parallelism does not span MIG slices, and 2 are here",)


def test_unified_memory_leaves_what_the_fleet_and_the_system_need() -> None:
    for available_gib in (119.0, 60.0):
        inventory = spark()
        busy = replace(inventory.host, memory_available_bytes=int(available_gib * GIB))
        placed = fit(BY_NAME["qwen3.5-35b-a3b-gptq"], replace(inventory, host=busy), Wish())
        assert isinstance(placed, Fit)
        free = busy.memory_available_bytes - reserve_bytes(busy)
        assert placed.memory.available_bytes == min(int(0.92 * busy.memory_total_bytes), free)
        assert any("one memory with the CPU" in note for note in placed.notes)


def test_metal_takes_its_share_and_the_plan_says_that_it_is_not_deployed() -> None:
    plan = plan_for(mac(96), Wish("qwen3.5-72b-a14b"))
    assert plan.chosen is not None
    assert (plan.chosen.profile.engine, plan.chosen.device) == (EngineName.LLAMA_CPP, Device.GPU)
    assert plan.chosen.memory.available_bytes == 72 * GIB
    assert METAL_ONLY in plan.notices


def test_what_metal_cannot_take_is_left_to_the_cpu_of_the_chip() -> None:
    placed = fit(BY_NAME["qwen3.5-35b-a3b-q8_0"], mac(44), Wish())
    assert isinstance(placed, Fit)
    assert placed.device is Device.CPU
    refused = fit(BY_NAME["qwen3.5-9b-bf16"], mac(96), Wish())
    assert isinstance(refused, Misfit)
    assert refused.reasons == ("Apple M3 Max: vLLM needs CUDA, and this GPU has Metal",)


@pytest.mark.parametrize(
    ("name", "size", "whole"),
    [
        ("qwen3.5-35b-a3b-gptq", 4, False),  # 512 / 4 is a block
        ("qwen3.5-35b-a3b-gptq", 8, True),
        ("qwen3.5-122b-a10b-gptq", 16, True),
        ("qwen3.5-35b-a3b-bf16", 16, False),  # nothing to cut
    ],
)
def test_experts_stay_whole_where_dividing_them_would_cut_their_blocks(name: str, size: int, whole: bool) -> None:
    assert Split(size, enable_expert_parallel=whole) in splits(BY_NAME[name])


def test_experts_on_eight_gpus_take_the_fits_option_and_a_note() -> None:
    placed = fit(BY_NAME["qwen3.5-35b-a3b-gptq"], machine(*[A100_80] * 8), Wish(tensor_parallel_size=8))
    assert isinstance(placed, Fit)
    assert placed.vllm.enable_expert_parallel
    assert any("--enable-expert-parallel" in note for note in placed.notes)


def test_whole_experts_weigh_as_much_as_divided_ones_and_more_where_some_gpu_has_one_more() -> None:
    architecture = BY_NAME["qwen3.5-35b-a3b-bf16"].model.architecture
    assert architecture is not None
    assert architecture.experts is not None
    whole = VllmOptions(enable_expert_parallel=True)
    for size in (1, 2, 8):
        assert gpu_weights(architecture, Precision.BF16, size) == gpu_weights(architecture, Precision.BF16, size, whole)
    uneven = replace(architecture, experts=replace(architecture.experts, num_experts=257))
    more = gpu_weights(uneven, Precision.BF16, 8, whole).text - gpu_weights(architecture, Precision.BF16, 8, whole).text
    one_expert = 2 * 3 * architecture.hidden_size * architecture.experts.moe_intermediate_size
    assert more == 40 * (
        one_expert + 2 * architecture.hidden_size
    )  # layers: 33 experts on the first GPU, and a row of the router
