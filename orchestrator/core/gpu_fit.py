"""A safetensors profile on GPUs with vLLM: the fewest equal GPUs or MIG slices whose free memory holds it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from orchestrator.core.amounts import gib
from orchestrator.core.device import Device
from orchestrator.core.device_memory import Memory
from orchestrator.core.gpu_holders import holders_text, processes_on
from orchestrator.core.inventory import HostGroup, Inventory, NotAvailable
from orchestrator.core.ladder import Ladder, Settled, context_note, ladder, settle
from orchestrator.core.memory import memory_parts
from orchestrator.core.parallel import Split, splits
from orchestrator.core.plan import Fit, Misfit, Shape
from orchestrator.core.profile import Precision, Profile
from orchestrator.core.vllm_adapters import with_loras
from orchestrator.core.vllm_cuda import cuda_runtime_major, driver_note
from orchestrator.core.vllm_devices import VllmDevice, dotted, in_sets, vllm_devices
from orchestrator.core.vllm_memory import vllm_pool
from orchestrator.core.vllm_options import NATIVE_FP8, VLLM_DEFAULTS, VllmOptions, on_gpu
from orchestrator.core.vllm_pool import PoolReport, start_refusal
from orchestrator.core.vllm_speculation import with_speculation
from orchestrator.core.wish import Wish

MOST_STAGES = 8  # of a pipeline: a token passes through all of them
MOST_SEQUENCES = 256  # vLLM's default on most GPUs
ENOUGH_SEQUENCES = (16, 4, 1)


@dataclass(frozen=True)
class Attempt:
    """One split over one kind of device, and what would be settled on it."""

    devices: tuple[VllmDevice, ...]  # of the first replica
    options: VllmOptions
    choice: Settled
    stages: int = 1  # of a pipeline, on as many equal hosts

    @property
    def rank(self) -> tuple[int, int]:
        """Fewest devices, then the most headroom; equals in the order of their devices."""
        return len(self.devices), -self.choice.memory.headroom_bytes


def fits_on_gpus(profile: Profile, inventory: Inventory, wish: Wish) -> tuple[Fit, ...] | Misfit:
    """Every way to put replicas onto this host: each over 1, 2, 4, 8 or 16 equal devices; fewest first."""
    devices, refusals = vllm_devices(inventory, profile)
    if not devices:
        return Misfit(profile, refusals or (inventory.driver.absent or "no GPU that answers",))
    attempts = list(_attempts(profile, devices, wish, 1))
    if not attempts:
        return Misfit(profile, (_no_split(profile, devices, wish), *refusals))
    fitting = sorted((attempt for attempt in attempts if attempt.choice.fits), key=lambda attempt: attempt.rank)
    if fitting:
        return tuple(_fit(profile, wish, attempt) for attempt in fitting)
    nearest = max(attempts, key=lambda attempt: attempt.choice.memory.headroom_bytes)
    reason = _reason(profile, nearest) + _held(nearest.devices, inventory)
    return Misfit(profile, (reason, *refusals), nearest.choice.memory)


def fits_over_hosts(profile: Profile, hosts: HostGroup, wish: Wish) -> tuple[Fit, ...]:
    """Ways to put what no host holds alone onto as few hosts of a group as hold it: the layers in equal stages.

    None with multi-token prediction: the last stage's further layer is not reckoned with.
    """
    devices, _ = vllm_devices(hosts.inventory, profile)
    if profile.model.architecture is None or not devices or wish.num_speculative_tokens:
        return ()
    for stages in range(2, min(hosts.count, MOST_STAGES) + 1):
        fitting = [attempt for attempt in _attempts(profile, devices, wish, stages) if attempt.choice.fits]
        if fitting:
            return tuple(_fit(profile, wish, attempt) for attempt in sorted(fitting, key=lambda one: one.rank))
    return ()


def _attempts(profile: Profile, devices: tuple[VllmDevice, ...], wish: Wish, stages: int) -> Iterable[Attempt]:
    """Every split on every kind of device that has enough of them."""
    most = wish.max_gpus // stages if wish.max_gpus else len(devices)
    for equal in _equals(devices):
        for split in _wished(profile, wish):
            size = split.tensor_parallel_size
            if size <= min(_most_together(equal), most):
                replicas = min(wish.num_replicas or 1, len(equal) // size)
                yield _best_attempt(profile, equal, split, stages, wish, replicas)


def _best_attempt(
    profile: Profile, equal: tuple[VllmDevice, ...], split: Split, stages: int, wish: Wish, replicas: int
) -> Attempt:
    """On GPUs that NVLink joins, else, or where these lack the memory, on those with the most of it free."""
    size = split.tensor_parallel_size
    linked = tuple(one for each in in_sets(equal, size)[:replicas] for one in each)
    attempt = _attempt(profile, linked, split, stages, wish)
    emptiest = equal[: size * replicas]
    if attempt.choice.fits or {one.id for one in emptiest} == {one.id for one in linked}:
        return attempt
    return _attempt(profile, emptiest, split, stages, wish)


def _equals(devices: tuple[VllmDevice, ...]) -> list[tuple[VllmDevice, ...]]:
    """The devices of each kind, the one with the most free memory first."""
    emptiest = sorted(devices, key=lambda one: -one.free_bytes)
    kinds = sorted({one.accelerator.kind for one in devices})
    return [tuple(one for one in emptiest if one.accelerator.kind == kind) for kind in kinds]


def _most_together(equal: tuple[VllmDevice, ...]) -> int:
    """How many of equal devices one replica may span: a process sees one MIG slice only (NVIDIA MIG user guide)."""
    return 1 if equal[0].accelerator.mig_profile else len(equal)


def _wished(profile: Profile, wish: Wish) -> tuple[Split, ...]:
    wanted = wish.tensor_parallel_size
    return tuple(split for split in splits(profile) if wanted in (None, split.tensor_parallel_size))


def _no_split(profile: Profile, devices: tuple[VllmDevice, ...], wish: Wish) -> str:
    """Why no number of devices that are here will do."""
    wished = _wished(profile, wish)
    if not wished:
        allowed = ", ".join(str(split.tensor_parallel_size) for split in splits(profile))
        return f"tensor_parallel_size {wish.tensor_parallel_size} does not divide the model; {allowed} do"
    needed, most = wished[0].tensor_parallel_size, f", of which {wish.max_gpus} may be used" if wish.max_gpus else ""
    if needed > 1 and all(one.accelerator.mig_profile for one in devices):
        return f"needs {needed} whole GPUs: tensor parallelism does not span MIG slices, and {len(devices)} are here"
    return f"needs {needed} equal GPUs, {len(devices)} are usable{most}"


def _attempt(profile: Profile, devices: tuple[VllmDevice, ...], split: Split, stages: int, wish: Wish) -> Attempt:
    """Replicas are equal, so the device with the least free memory decides for all of them."""
    tightest = min(devices, key=lambda one: one.available_bytes)
    size, options = split.tensor_parallel_size, _options(tightest, split, wish)
    limit = profile.model.limits.max_model_len
    steps = ladder(profile, wish, limit, MOST_SEQUENCES, ENOUGH_SEQUENCES)
    choice = _settled(profile, steps, tightest.available_bytes, tightest.available_why, size, options, stages)
    first = sorted(devices[:size], key=lambda one: (one.accelerator.gpu_index, str(one.id)))
    return Attempt(tuple(first), options, choice, stages)


@lru_cache(maxsize=4096)  # pools of a cluster that differ in how many GPUs are free ask the same
def _settled(
    profile: Profile,
    steps: Ladder,
    available_bytes: int,
    available_why: str,
    size: int,
    options: VllmOptions,
    stages: int,
) -> Settled:
    def memory_of(context: int, count: int) -> Memory:
        return Memory(
            memory_parts(profile, Shape(context, count, size, options, stages)), available_bytes, available_why
        )

    return settle(memory_of, steps)


def _options(device: VllmDevice, split: Split, wish: Wish) -> VllmOptions:
    """vLLM's defaults with the kernels of this GPU, on which its blocks and some of its weights depend."""
    options = replace(VLLM_DEFAULTS, enable_expert_parallel=split.enable_expert_parallel)
    here = on_gpu(options, device.capability, cuda_runtime_major(device.driver))
    return with_speculation(with_loras(here, wish.loras), wish.num_speculative_tokens)


def _fit(profile: Profile, wish: Wish, attempt: Attempt) -> Fit:
    choice = attempt.choice
    return Fit(
        profile=profile,
        device=Device.GPU,
        gpu_indices=tuple(one.id for one in attempt.devices),
        tensor_parallel_size=len(attempt.devices),
        max_model_len=choice.max_model_len,
        max_num_seqs=choice.max_num_seqs,
        memory=choice.memory,
        vllm=attempt.options,
        device_name=attempt.devices[0].accelerator.full_name,
        pipeline_parallel_size=attempt.stages,
        pool=_pool(profile, attempt),
        notes=(*_notes(profile, attempt), *context_note(profile, wish, choice)),
    )


def _pool(profile: Profile, attempt: Attempt) -> PoolReport:
    choice, size = attempt.choice, len(attempt.devices)
    shape = Shape(choice.max_model_len, choice.max_num_seqs, size, attempt.options, attempt.stages)
    return vllm_pool(profile, shape, choice.memory.available_bytes)


def _notes(profile: Profile, attempt: Attempt) -> Iterable[str]:
    device = attempt.devices[0]
    if profile.precision is Precision.FP8 and device.capability < NATIVE_FP8:
        yield (
            f"FP8 saves memory but no arithmetic on compute capability {dotted(device.capability)}: "
            f"weights are unpacked to 16 bits (native from {dotted(NATIVE_FP8)})"
        )
    if attempt.options.enable_expert_parallel:
        yield "experts stay whole on each GPU (--enable-expert-parallel): dividing them would cut quantised blocks"
    if attempt.stages > 1:
        yield (
            f"each replica spans {attempt.stages} hosts (--pipeline-parallel-size {attempt.stages}): can be planned "
            "for, but qorch deploys on one host"
        )
    if (build := driver_note(device.driver)) is not None:
        yield build
    if device.accelerator.note:
        yield f"{device.accelerator.name}: {device.accelerator.note}"


def _reason(profile: Profile, attempt: Attempt) -> str:
    """What was needed and what is there."""
    memory, devices, tokens = attempt.choice.memory, attempt.devices, attempt.choice.max_model_len
    each = "each of " if len(devices) > 1 else ""
    return (
        f"needs {gib(memory.needed_bytes)}, {gib(memory.available_bytes)} usable on {each}{len(devices)} x "
        f"{devices[0].accelerator.full_name}, for {tokens:,} tokens{_pool_refusal(profile, attempt)}"
    )


def _held(devices: tuple[VllmDevice, ...], inventory: Inventory) -> str:
    """Who has the memory of the device with the least of it free, where the driver names them."""
    tightest = min(devices, key=lambda one: one.free_bytes).accelerator
    processes = processes_on(tightest.cuda_name, inventory)
    if isinstance(processes, NotAvailable) or not processes:
        return ""
    return f"; on GPU {tightest.id} {holders_text(processes)}"


def _pool_refusal(profile: Profile, attempt: Attempt) -> str:
    """What vLLM would say of the pool, where weights leave one at all."""
    pool = _pool(profile, attempt)
    refusal = start_refusal(pool, attempt.options, attempt.choice.max_num_seqs) if pool.num_blocks else None
    return f"; vLLM would not start: {refusal}" if refusal else ""
