"""A safetensors profile on GPUs with vLLM: the fewest equal GPUs whose free memory holds it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.core.amounts import gib
from orchestrator.core.assumed import architecture_of
from orchestrator.core.inventory import Gpu, Inventory, NotAvailable
from orchestrator.core.ladder import Settled, context_note, ladder, settle
from orchestrator.core.memory import memory_parts
from orchestrator.core.plan import Device, Fit, Memory, Misfit, Shape, Wish
from orchestrator.core.profile import Architecture, Precision, Profile
from orchestrator.core.vllm_memory import GPU_MEMORY_UTILIZATION
from orchestrator.core.vllm_options import NATIVE_FP8, VLLM_DEFAULTS, VllmOptions, on_gpu

TENSOR_PARALLEL_SIZES = (1, 2, 4, 8, 16)
QUANTISED_BLOCK = 128  # weights that share a scale, which no split may cut (vLLM: fp8_utils.py, gptq group 128)
MOST_SEQUENCES = 256  # vLLM's default on most GPUs
ENOUGH_SEQUENCES = (16, 4, 1)


@dataclass(frozen=True)
class UsableGpu:
    """A GPU whose readings are all there."""

    index: int
    name: str
    capability: tuple[int, int]
    total_bytes: int
    free_bytes: int

    @property
    def kind(self) -> tuple[str, tuple[int, int], int]:
        """Tensor parallelism wants equal GPUs."""
        return self.name, self.capability, self.total_bytes

    @property
    def available_bytes(self) -> int:
        """vLLM takes a share of all memory, and refuses to start where that much is not free."""
        return min(int(GPU_MEMORY_UTILIZATION * self.total_bytes), self.free_bytes)


@dataclass(frozen=True)
class Attempt:
    """One split over one kind of GPU, and what would be settled on it."""

    gpus: tuple[UsableGpu, ...]  # of the first replica
    choice: Settled

    @property
    def rank(self) -> tuple[int, int, int]:
        """Fewest GPUs, then the most headroom, then the first GPU."""
        return len(self.gpus), -self.choice.memory.headroom_bytes, self.gpus[0].index


def fits_on_gpus(profile: Profile, inventory: Inventory, wish: Wish) -> tuple[Fit, ...] | Misfit:
    """Every way to put replicas onto this host's GPUs: each over 1, 2, 4, 8 or 16 equal ones; fewest GPUs first."""
    gpus, refusals = usable_gpus(inventory, profile)
    if not gpus:
        return Misfit(profile, refusals or (inventory.driver.absent or "no GPU that answers",))
    attempts = list(_attempts(profile, gpus, wish))
    if not attempts:
        return Misfit(profile, (_no_split(profile, gpus, wish), *refusals))
    fitting = sorted((attempt for attempt in attempts if attempt.choice.fits), key=lambda attempt: attempt.rank)
    if fitting:
        return tuple(_fit(profile, wish, attempt) for attempt in fitting)
    nearest = max(attempts, key=lambda attempt: attempt.choice.memory.headroom_bytes)
    return Misfit(profile, (_reason(nearest), *refusals), nearest.choice.memory)


def gpu_sets(fit: Fit, inventory: Inventory, taken: frozenset[int]) -> tuple[tuple[int, ...], ...]:
    """The GPUs of as many replicas as this host has room for beside those taken; NVLink peers stay together."""
    gpus, _ = usable_gpus(inventory, fit.profile)
    kind = next((gpu.kind for gpu in gpus if gpu.index == fit.gpu_indices[0]), None)
    free = [
        gpu
        for gpu in gpus
        if gpu.kind == kind and gpu.index not in taken and gpu.available_bytes >= fit.memory.needed_bytes
    ]
    first = [gpu for gpu in free if gpu.index in fit.gpu_indices]
    ordered = [gpu.index for gpu in (*first, *(gpu for gpu in free if gpu not in first))]
    size = len(fit.gpu_indices)
    return tuple(tuple(sorted(ordered[start : start + size])) for start in range(0, len(ordered) - size + 1, size))


def usable_gpus(inventory: Inventory, profile: Profile) -> tuple[tuple[UsableGpu, ...], tuple[str, ...]]:
    """The GPUs that can run the profile's kernels, and why the others cannot."""
    seen = [(gpu, _usable(gpu, profile)) for gpu in inventory.gpus]
    refusals = [f"GPU {gpu.index}: {answer}" for gpu, answer in seen if isinstance(answer, str)]
    return tuple(answer for _, answer in seen if isinstance(answer, UsableGpu)), tuple(refusals)


def tensor_parallel_sizes(profile: Profile) -> tuple[int, ...]:
    """The splits that the model's heads and the blocks of its quantised matrices allow."""
    architecture = architecture_of(profile.model)
    blocks = profile.precision in (Precision.FP8, Precision.GPTQ)
    return tuple(
        size
        for size in TENSOR_PARALLEL_SIZES
        if architecture.num_attention_heads % size == 0
        and architecture.linear_num_key_heads % size == 0
        and not (blocks and size > 1 and _feed_forward_width(architecture) % (size * QUANTISED_BLOCK))
    )


def _usable(gpu: Gpu, profile: Profile) -> UsableGpu | str:
    """The GPU with its readings, or why it cannot run the profile."""
    if gpu.error is not None:
        return gpu.error
    if gpu.mig_enabled is True:
        return "split by MIG, whose slices are not planned on yet"
    capability, total_bytes, free_bytes = gpu.compute_capability, gpu.memory_total_bytes, gpu.memory_free_bytes
    if isinstance(capability, NotAvailable):
        return f"compute capability is not known: {capability.reason}"
    if isinstance(total_bytes, NotAvailable) or isinstance(free_bytes, NotAvailable):
        return "total or free memory is not known"
    needed = profile.min_compute_capability or (0, 0)
    if capability < needed:
        return f"compute capability {_dotted(capability)}, {profile.precision} needs {_dotted(needed)}"
    name = gpu.name if isinstance(gpu.name, str) else "unnamed"
    return UsableGpu(gpu.index, name, capability, total_bytes, free_bytes)


def _attempts(profile: Profile, gpus: tuple[UsableGpu, ...], wish: Wish) -> Iterable[Attempt]:
    """Every split on every kind of GPU that has enough of them, on those with the most free memory."""
    most = wish.max_gpus or len(gpus)
    for kind in sorted({gpu.kind for gpu in gpus}):
        equal = sorted((gpu for gpu in gpus if gpu.kind == kind), key=lambda gpu: (-gpu.free_bytes, gpu.index))
        for size in _sizes(profile, wish):
            if size <= min(len(equal), most):
                replicas = min(wish.num_replicas or 1, len(equal) // size)
                yield _attempt(profile, tuple(equal[: size * replicas]), size, wish)


def _sizes(profile: Profile, wish: Wish) -> tuple[int, ...]:
    allowed = tensor_parallel_sizes(profile)
    return allowed if wish.tensor_parallel_size is None else tuple(s for s in allowed if s == wish.tensor_parallel_size)


def _no_split(profile: Profile, gpus: tuple[UsableGpu, ...], wish: Wish) -> str:
    """Why no number of GPUs that are here will do."""
    allowed = ", ".join(map(str, tensor_parallel_sizes(profile)))
    if not _sizes(profile, wish):
        return f"tensor_parallel_size {wish.tensor_parallel_size} does not divide the model; {allowed} do"
    most = f", of which {wish.max_gpus} may be used" if wish.max_gpus else ""
    return f"needs {min(_sizes(profile, wish))} equal GPUs, {len(gpus)} are usable{most}"


def _attempt(profile: Profile, gpus: tuple[UsableGpu, ...], size: int, wish: Wish) -> Attempt:
    """Replicas are equal, so the GPU with the least free memory decides for all of them."""
    tightest = min(gpus, key=lambda gpu: gpu.available_bytes)
    why = (
        f"the lesser of {GPU_MEMORY_UTILIZATION:.0%} of {gib(tightest.total_bytes)} and {gib(tightest.free_bytes)} free"
    )

    options = _options(tightest)

    def memory_of(context: int, count: int) -> Memory:
        return Memory(memory_parts(profile, Shape(context, count, size, options)), tightest.available_bytes, why)

    limit = profile.model.limits.max_model_len
    choice = settle(memory_of, ladder(profile, wish, limit, MOST_SEQUENCES, ENOUGH_SEQUENCES))
    return Attempt(tuple(sorted(gpus[:size], key=lambda gpu: gpu.index)), choice)


def _options(gpu: UsableGpu) -> VllmOptions:
    """vLLM's defaults with the kernels of this GPU, on which its blocks and some of its weights depend."""
    return on_gpu(VLLM_DEFAULTS, gpu.capability)


def _fit(profile: Profile, wish: Wish, attempt: Attempt) -> Fit:
    return Fit(
        profile=profile,
        device=Device.GPU,
        gpu_indices=tuple(gpu.index for gpu in attempt.gpus),
        tensor_parallel_size=len(attempt.gpus),
        max_model_len=attempt.choice.max_model_len,
        max_num_seqs=attempt.choice.max_num_seqs,
        memory=attempt.choice.memory,
        vllm=_options(attempt.gpus[0]),
        device_name=attempt.gpus[0].name,
        notes=(*_notes(profile, attempt.gpus[0]), *context_note(profile, wish, attempt.choice)),
    )


def _notes(profile: Profile, gpu: UsableGpu) -> tuple[str, ...]:
    if profile.precision is Precision.FP8 and gpu.capability < NATIVE_FP8:
        return (
            f"FP8 saves memory but no arithmetic on compute capability {_dotted(gpu.capability)}: "
            f"weights are unpacked to 16 bits (native from {_dotted(NATIVE_FP8)})",
        )
    return ()


def _reason(attempt: Attempt) -> str:
    """What was needed and what is there."""
    memory, gpus = attempt.choice.memory, attempt.gpus
    each = "each of " if len(gpus) > 1 else ""
    return (
        f"needs {gib(memory.needed_bytes)}, {gib(memory.available_bytes)} usable on {each}{len(gpus)} x "
        f"{gpus[0].name}, for {attempt.choice.max_model_len:,} tokens"
    )


def _feed_forward_width(architecture: Architecture) -> int:
    """The width that tensor parallelism divides: of the dense part, or of each expert."""
    if architecture.experts is not None:
        return architecture.experts.moe_intermediate_size
    return architecture.intermediate_size or 0


def _dotted(capability: tuple[int, int]) -> str:
    return f"{capability[0]}.{capability[1]}"
