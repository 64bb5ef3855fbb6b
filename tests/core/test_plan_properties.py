"""What holds of every plan, on hosts of GPUs, MIG slices, unified memory and Apple chips, alone and in groups."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from orchestrator.core.accelerators import devices
from orchestrator.core.choose import choose
from orchestrator.core.device import Device
from orchestrator.core.fit import fits_in_group
from orchestrator.core.host_memory import usable_bytes
from orchestrator.core.inventory import Gpu, HostGroup, Inventory, MigInstance, NotAvailable, Site
from orchestrator.core.mig import profiles_of
from orchestrator.core.objective import Objective
from orchestrator.core.parallel import splits
from orchestrator.core.plan import Fit, FitPlan, Misfit, Placement, Shape
from orchestrator.core.profile import EngineName, Profile
from orchestrator.core.vllm_memory import vllm_parts
from orchestrator.core.vllm_options import VllmOptions
from orchestrator.core.vllm_pool import start_refusal
from orchestrator.core.wish import Wish
from tests.core.machines import (
    A100_80,
    A6000,
    ENGINES,
    FETCHABLE,
    H100_80,
    PREDICT,
    PROFILES,
    RTX_4090,
    T4,
    everywhere,
    gpu,
    host,
    machine,
    with_gpus,
)

ONE_POOL = NotAvailable("one memory with the CPU")
SLICES = profiles_of("h100-80gb")

cards = st.sampled_from([A100_80, A6000, H100_80, RTX_4090, T4])
slices = st.lists(st.sampled_from(sorted(SLICES)), min_size=1, max_size=4)
memory_gib = st.floats(4, 600)
profiles = st.sampled_from(PROFILES)
on_vllm = st.sampled_from([profile for profile in PROFILES if profile.engine is EngineName.VLLM])
wishes = st.builds(
    Wish,
    model=st.sampled_from([None, "qwen3.5-9b", "qwen3.5-35b-a3b", "qwen3.5-397b-a17b"]),
    max_model_len=st.none() | st.integers(1, 262_144),
    num_replicas=st.none() | st.integers(1, 5),
    max_gpus=st.none() | st.integers(1, 12),
    objective=st.sampled_from(Objective),
)


@st.composite
def gpu_hosts(draw: st.DrawFn) -> Inventory:
    """Whole and sliced GPUs, of which others use a part."""
    kinds = draw(st.lists(cards | slices, max_size=4))
    found = [_gpu(index, kind, draw(st.floats(0, 1))) for index, kind in enumerate(kinds)]
    return with_gpus(machine(memory_gib=draw(memory_gib)), *found)


@st.composite
def unified_hosts(draw: st.DrawFn) -> Inventory:
    """A DGX Spark or a Mac."""
    size = draw(memory_gib)
    inventory = machine(memory_gib=size)
    if draw(st.booleans()):
        return replace(inventory, host=replace(host(size), cpu_model="Apple M3 Max", unified_memory=True))
    pool = {f"memory_{kind}_bytes": ONE_POOL for kind in ("total", "used", "free")}
    chip = replace(gpu(0, "NVIDIA GB10", 1, (12, 1)), **pool)
    return with_gpus(replace(inventory, host=replace(inventory.host, unified_memory=True)), chip)


hosts = gpu_hosts() | unified_hosts()
groups = st.lists(st.builds(HostGroup, hosts, st.integers(1, 5)), min_size=1, max_size=3)


def plan_over(found: list[HostGroup], wish: Wish) -> FitPlan:
    return choose(PROFILES, Site(tuple(found)), wish, everywhere(FETCHABLE), ENGINES, PREDICT)


@settings(max_examples=60)
@given(groups, wishes)
def test_no_device_and_no_host_is_promised_more_than_it_has(found: list[HostGroup], wish: Wish) -> None:
    plan = plan_over(found, wish)
    for index, group in enumerate(found):
        of_group = [one for one in plan.placements if one.option.group == index]
        assert sum(one.num_hosts for one in of_group if one.fit.device is Device.GPU) <= group.count * 8
        for placement in of_group:
            _check(placement, group.inventory)
    assert wish.max_gpus is None or sum(one.num_gpus for one in plan.placements) <= wish.max_gpus
    assert plan == plan_over(found, wish)


@given(hosts, profiles, wishes, st.integers(1, 4))
def test_vllm_would_start_whatever_is_planned(inventory: Inventory, profile: Profile, wish: Wish, count: int) -> None:
    for fit in _fits(profile, inventory, wish, count):
        assume(fit.pool is not None)
        assert fit.pool is not None
        assert start_refusal(fit.pool, fit.vllm, fit.max_num_seqs) is None
        assert fit.pool.max_concurrency >= 1


@given(hosts, profiles, wishes, st.integers(1, 4), st.floats(1, 4))
def test_more_memory_never_removes_a_fit(
    inventory: Inventory, profile: Profile, wish: Wish, count: int, factor: float
) -> None:
    assume(_fits(profile, inventory, wish, count))
    assert _fits(profile, _grown(inventory, factor), wish, count)


@given(on_vllm, st.data(), st.integers(1, 262_144), st.integers(1, 262_144), st.integers(1, 256))
def test_a_longer_context_never_needs_less(profile: Profile, data: st.DataObject, one: int, other: int, n: int) -> None:
    split = data.draw(st.sampled_from(splits(profile)))
    stages = data.draw(st.integers(1, 4))
    options = VllmOptions(enable_expert_parallel=split.enable_expert_parallel)
    short, long = (
        sum(part.bytes for part in vllm_parts(profile, Shape(tokens, n, split.tensor_parallel_size, options, stages)))
        for tokens in sorted((one, other))
    )
    assert short <= long


def _check(placement: Placement, inventory: Inventory) -> None:
    fit, there = placement.fit, {one.id: one for one in devices(inventory)[0]}
    assert placement.num_hosts % fit.pipeline_parallel_size == 0
    taken = [name for names in placement.gpu_sets for name in names]
    assert len(taken) == len(set(taken))
    for name in taken:
        assert fit.memory.needed_bytes <= there[name].free_bytes
        assert not there[name].host_memory or fit.memory.needed_bytes <= usable_bytes(inventory.host)
        assert there[name].mig_profile is None or fit.tensor_parallel_size == 1


def _fits(profile: Profile, inventory: Inventory, wish: Wish, count: int) -> tuple[Fit, ...]:
    found = fits_in_group(profile, HostGroup(inventory, count), wish)
    return () if isinstance(found, Misfit) else found


def _gpu(index: int, kind: tuple[str, int, tuple[int, int]] | list[str], free: float) -> Gpu:
    if isinstance(kind, tuple):
        return gpu(index, *kind, free_gib=kind[1] * free)
    parts = tuple(MigInstance(f"{index}-{i}", one, SLICES[one], int(SLICES[one] * free)) for i, one in enumerate(kind))
    return replace(gpu(index, *H100_80), mig_enabled=True, mig_instances=parts)


def _grown(inventory: Inventory, factor: float) -> Inventory:
    """Every memory of the host, total and free, by the same factor."""

    def more(amount: int | NotAvailable) -> int | NotAvailable:
        return int(amount * factor) if isinstance(amount, int) else amount

    gpus = tuple(
        replace(
            one,
            memory_total_bytes=more(one.memory_total_bytes),
            memory_free_bytes=more(one.memory_free_bytes),
            mig_instances=tuple(
                replace(
                    part,
                    memory_total_bytes=more(part.memory_total_bytes),
                    memory_free_bytes=more(part.memory_free_bytes),
                )
                for part in one.mig_instances
            ),
        )
        for one in inventory.gpus
    )
    total, free = (
        int(amount * factor) for amount in (inventory.host.memory_total_bytes, inventory.host.memory_available_bytes)
    )
    return replace(
        inventory,
        gpus=gpus,
        host=replace(inventory.host, memory_total_bytes=total, memory_available_bytes=free),
    )
