"""A QwenFleet's status: what was planned, what was written, and what KubeRay says of it."""

from __future__ import annotations

from typing import Any

from orchestrator.core.manifests.naming import object_name
from orchestrator.core.plan import FitPlan
from orchestrator.core.pod_deployment import SERVE_PORT
from orchestrator.core.qwen_fleet.conditions import Said, Type, condition_list, timestamp
from orchestrator.core.qwen_fleet.facts import Facts, conditions_of
from orchestrator.core.qwen_fleet.kind import Object, key_of
from orchestrator.core.qwen_fleet.service_health import Health, health

NO_TROUBLE = (Type.GPUS_PLANNED_ON, Type.PROGRESSING, Type.READY)  # of the fleet's own
FAILED, DEGRADED, PROGRESSING, READY, PENDING = "Failed", "Degraded", "Progressing", "Ready", "Pending"


def status(fleet: Object, facts: Facts, now_s: float) -> dict[str, Any]:
    """The whole status; the same where nothing changed but the time."""
    before, generation = fleet.get("status") or {}, fleet["metadata"].get("generation", 1)
    found = health(facts.service)
    said = tuple(conditions_of(fleet, facts, found))
    phase, reason = _phase(facts, found, said)
    told = {"observedGeneration": generation, "phase": phase, "reason": reason}
    conditions = condition_list(said, before, generation, now_s)
    return {**told, **_running(fleet, facts, found), "conditions": conditions}


def suspended(fleet: Object) -> dict[str, Any]:
    """As it was, but that nobody looks after it."""
    generation = fleet["metadata"].get("generation", 1)
    return {
        **(fleet.get("status") or {}),
        "observedGeneration": generation,
        "phase": "Suspended",
        "reason": "Suspended",
    }


def _phase(facts: Facts, found: Health, said: tuple[Said, ...]) -> tuple[str, str]:
    """One word for the whole, and the reason of the condition that it comes from."""
    wrong = next((each for each in said if each.holds is False and each.type not in NO_TROUBLE), None)
    if found.ready:
        return (DEGRADED, wrong.reason) if wrong else (PROGRESSING if found.progressing else READY, found.reason)
    if wrong is not None:
        return (PENDING if facts.plan is None else FAILED if facts.unwritten else PROGRESSING), wrong.reason
    return (PROGRESSING if found.progressing else FAILED), found.reason


def _running(fleet: Object, facts: Facts, found: Health) -> dict[str, Any]:
    if facts.plan is None:
        return {}
    key = key_of(fleet)
    endpoint = f"http://{object_name(key.name)}-serve-svc.{key.namespace}:{SERVE_PORT}/v1"
    return {
        "endpoint": endpoint,
        "readyEndpoints": found.endpoints,
        "plan": _plan(facts.plan, facts.planned_at_s),
        "notices": list(facts.plan.notices),
    }


def _plan(plan: FitPlan, at_s: float) -> dict[str, Any]:
    first = plan.placements[0].fit
    names = {
        "profiles": (profile.name for profile in plan.profiles),
        "engine": (profile.engine.value for profile in plan.profiles),
        "devices": (each.fit.device_name for each in plan.placements),
    }
    return {
        **{name: " + ".join(dict.fromkeys(each)) for name, each in names.items()},
        "gpusPerReplica": first.num_gpus,
        "replicas": plan.num_replicas,
        "context": first.max_model_len,
        "concurrency": first.max_num_seqs,
        "plannedAt": timestamp(at_s),
        "why": plan.reason,
        **({"predicted": _predicted(plan)} if first.prediction else {}),
    }


def _predicted(plan: FitPlan) -> dict[str, Any]:
    said = plan.placements[0].fit.prediction
    assert said is not None
    return {
        "ttftSeconds": round(said.ttft_s, 3),
        "promptTokens": said.prompt_tokens,
        "tpotSeconds": round(1 / said.decode_tok_s, 5),
        "tokS": round(said.saturation_tok_s, 1),
        "coldStartSeconds": round(said.cold_start_s, 1),
    }
