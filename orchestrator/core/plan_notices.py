"""What a person should know of a plan beyond its reasons."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.core.amounts import counted
from orchestrator.core.device import Device
from orchestrator.core.gpu_sets import device_count
from orchestrator.core.inventory import Gpu
from orchestrator.core.plan import Candidate, Fit, FitPlan
from orchestrator.core.profile import ModelStatus, Profile
from orchestrator.core.score import USABLE_TOK_S


def notices(plan: FitPlan) -> tuple[str, ...]:
    """One sentence each, the most important first."""
    return tuple(_notices(plan))


def _notices(plan: FitPlan) -> Iterator[str]:
    if plan.chosen is not None:
        yield from _of_choice(plan, plan.chosen)
    for group in plan.site.hosts:
        for gpu in group.inventory.gpus if group.pool is None else ():  # a cluster's are told by node
            yield from _left_out(gpu)


def _left_out(gpu: Gpu) -> Iterator[str]:
    if (why := gpu.error or gpu.hidden) is not None:
        yield f"GPU {gpu.index} is left out: {why}"
        return
    hidden = [part for part in gpu.mig_instances if part.hidden]
    if hidden:
        yield f"{counted(len(hidden), 'slice')} of GPU {gpu.index} left out: {hidden[0].hidden}"


def _of_choice(plan: FitPlan, chosen: Fit) -> Iterator[str]:
    if chosen.profile.model.status is ModelStatus.STAND_IN:
        yield (
            f"{chosen.profile.name} is a tiny stand-in with random weights: it shows that everything works, "
            "and its answers mean nothing"
        )
    yield from _better(plan)
    for profile in plan.profiles:
        yield from _lost_quality(profile)
    yield from chosen.notes
    if (caution := chosen.profile.model.limits.caution_past_tokens) < chosen.max_model_len:
        yield f"past {caution:,} tokens of context the model follows instructions less well"
    yield from _idle_gpus(plan, chosen)
    yield from _slow(chosen)


def _lost_quality(profile: Profile) -> Iterator[str]:
    if profile.quality_retained < 1:
        lost = f"{1 - profile.quality_retained:.1%}"
        yield f"{profile.quantization} loses about {lost} of the model's quality ({profile.quality_source})"


def _better(plan: FitPlan) -> Iterator[str]:
    """The best of those that fit and would have won, had their engine or weights been there."""
    refused = [candidate for candidate in plan.candidates if isinstance(candidate.verdict, Fit) and candidate.refusal]
    better = [candidate for candidate in refused if _lacks_only_files(candidate)]
    if better and better[0].potential > plan.candidates[0].score:
        yield f"{better[0].profile.name} would rank first: {better[0].refusal}"


def _lacks_only_files(candidate: Candidate) -> bool:
    return all(step.value > 0 or step.name in ("engine", "weights") for step in candidate.steps)


def _idle_gpus(plan: FitPlan, chosen: Fit) -> Iterator[str]:
    there = sum(device_count(group.inventory) * group.count for group in plan.site.hosts)
    idle = there - sum(placement.num_gpus for placement in plan.placements)
    if chosen.device is Device.GPU and idle > 0:
        yield f"{idle} of {there} GPUs stay idle; more replicas can use them"
    if chosen.device is Device.CPU and there and (closest := _closest_on_gpu(plan)):
        why = closest.refusal or f"its score is lower, {closest.score:.2f}"
        yield f"the model runs on the CPU and the GPU stays idle: {closest.profile.name}: {why}"
        yield "GGUF files are not run on NVIDIA GPUs: the llama.cpp that qorch installs is built for CPUs"


def _closest_on_gpu(plan: FitPlan) -> Candidate | None:
    """The best ranked of those that need a GPU."""
    return next((one for one in plan.candidates if one.profile.min_compute_capability), None)


def _slow(chosen: Fit) -> Iterator[str]:
    """Named profiles are served however slow they are."""
    tok_s = chosen.prediction.decode_tok_s if chosen.prediction else USABLE_TOK_S
    if tok_s < USABLE_TOK_S:
        yield f"about {tok_s:.1f} tok/s for one stream is slower than most people read"
