"""A plan as data for programs, and as the document that `qorch up --plan` takes (docs/reference/plan.md)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from orchestrator import __version__
from orchestrator.core.device_memory import Memory
from orchestrator.core.lora import Lora
from orchestrator.core.plan import Candidate, Fit, FitPlan, Misfit, Option, Placement
from orchestrator.core.plan_cost import plan_cost
from orchestrator.core.planned import API_VERSION, KIND
from orchestrator.core.wish import Wish
from orchestrator.views.plain import plain


def plan_data(plan: FitPlan) -> dict[str, Any]:
    """What was asked, seen, considered and chosen, each with its reason."""
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "qorch_version": __version__,
        "wish": _wish_data(plan.wish),
        "hosts": plain(plan.site.hosts),
        "placements": [_placement_data(placement) for placement in plan.placements],
        "chosen": None if plan.chosen is None else fit_data(plan.chosen),
        "num_replicas": plan.num_replicas,
        "bounds": plain(plan.wish.bounds),
        "loras": loras_data(plan.wish.loras),
        "cost": plain(plan_cost(plan.placements, plan.wish.prices)),
        "reason": plan.reason,
        "failure": plain(plan.failure),
        "nearest": plan.nearest,
        "notices": list(plan.notices),
        "candidates": [candidate_data(candidate) for candidate in plan.candidates],
    }


def loras_data(loras: Iterable[Lora]) -> dict[str, str]:
    """Each adapter's folder by its name."""
    return {lora.name: lora.path for lora in loras}


def _wish_data(wish: Wish) -> dict[str, Any]:
    """Adapters without what was read of them."""
    return {**plain(replace(wish, loras=())), "loras": loras_data(wish.loras)}


def candidate_data(candidate: Candidate) -> dict[str, Any]:
    profile, verdict = candidate.profile, candidate.verdict
    return {
        "profile": profile.name,
        "model": profile.model.name,
        "precision": profile.precision.value,
        "quality_retained": profile.quality_retained,
        "quality_source": profile.quality_source,
        "engine": profile.engine.value,
        "fits": isinstance(verdict, Fit),
        "score": round(candidate.score, 4),
        "refusal": candidate.refusal,
        "steps": plain(candidate.steps),
        "fit": fit_data(verdict) if isinstance(verdict, Fit) else None,
        "memory": _memory_data(verdict.memory) if isinstance(verdict, Misfit) and verdict.memory else None,
    }


def option_data(option: Option) -> dict[str, Any]:
    """One way to run a candidate."""
    return {
        "host_group": option.group,
        "score": round(option.score, 4),
        "steps": plain(option.steps),
        "fit": fit_data(option.fit),
    }


def fit_data(fit: Fit) -> dict[str, Any]:
    return {
        "profile": fit.profile.name,
        "precision": fit.profile.precision.value,
        "engine": fit.profile.engine.value,
        "device": fit.device.value,
        "device_name": fit.device_name,
        "gpu_indices": list(fit.gpu_indices),
        "tensor_parallel_size": fit.tensor_parallel_size,
        "pipeline_parallel_size": fit.pipeline_parallel_size,
        "enable_expert_parallel": fit.vllm.enable_expert_parallel,
        "max_model_len": fit.max_model_len,
        "max_num_seqs": fit.max_num_seqs,
        "num_speculative_tokens": fit.vllm.num_speculative_tokens,
        "notes": list(fit.notes),
        "memory": _memory_data(fit.memory),
        "pool": plain(fit.pool),
        "prediction": plain(fit.prediction),
    }


def _placement_data(placement: Placement) -> dict[str, Any]:
    return {
        "profile": placement.fit.profile.name,
        "host_group": placement.option.group,
        "num_hosts": placement.num_hosts,
        "gpu_sets": plain(placement.gpu_sets),
        "num_replicas": placement.num_replicas,
        "fit": fit_data(placement.fit),
    }


def _memory_data(memory: Memory) -> dict[str, Any]:
    return {
        **plain(memory),
        "needed_bytes": memory.needed_bytes,
        "headroom_bytes": memory.headroom_bytes,
    }
