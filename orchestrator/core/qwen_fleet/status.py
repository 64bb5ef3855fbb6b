"""A QwenFleet's status: what was planned, what was written, and what KubeRay says of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from orchestrator.core.manifests.naming import object_name
from orchestrator.core.plan import FitPlan
from orchestrator.core.pod_deployment import SERVE_PORT
from orchestrator.core.qwen_fleet.conditions import Said, Type, condition_list, timestamp
from orchestrator.core.qwen_fleet.kind import Object, key_of
from orchestrator.core.qwen_fleet.service_health import Health, health
from orchestrator.core.qwen_fleet.trouble import Trouble

NO_TROUBLE = (Type.GPUS_PLANNED_ON, Type.PROGRESSING, Type.READY)  # of the fleet's own
FAILED, DEGRADED, PROGRESSING, READY, PENDING = "Failed", "Degraded", "Progressing", "Ready", "Pending"


@dataclass(frozen=True)
class Facts:
    """All that is known of a fleet after one look at it."""

    plan: FitPlan | None = None  # by which it runs
    planned_at_s: float = 0.0
    unplanned: Trouble | None = None  # why what is asked for now has no plan
    unplanned_gpus: tuple[Trouble, ...] = ()  # which the cluster has all the same
    missing: str = ""  # what the plan needs and the cluster no longer has
    unwritten: tuple[Trouble, ...] = ()
    secret: Trouble | None = None  # None: it is there
    secret_known: bool = True
    secret_keys: tuple[str, ...] = ()  # which it has to have
    service: Object | None = None  # the RayService as it is
    tolerates_otherwise: str = ""  # the Ray cluster that goes on with other tolerations


def status(fleet: Object, facts: Facts, now_s: float) -> dict[str, Any]:
    """The whole status; the same where nothing changed but the time."""
    before, generation = fleet.get("status") or {}, fleet["metadata"].get("generation", 1)
    found = health(facts.service)
    said = tuple(_said(fleet, facts, found))
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


def _said(fleet: Object, facts: Facts, found: Health) -> Iterator[Said]:
    yield _planned(facts)
    yield _gpus(facts)
    if facts.plan is None:
        return
    gone = facts.missing
    yield Said(
        Type.PLAN_CURRENT, not gone, "NodesGone" if gone else "NodesThere", gone or "the cluster has what it needs"
    )
    yield _secret(fleet, facts, found)
    yield _applied(fleet, facts)
    yield Said(Type.PROGRESSING, found.progressing, found.reason, found.message)
    yield Said(Type.READY, found.ready, found.reason, found.message)


def _planned(facts: Facts) -> Said:
    if facts.unplanned is not None:
        goes_on = "what ran before goes on: " if facts.plan else ""
        return Said(Type.PLANNED, False, facts.unplanned.reason.value, goes_on + facts.unplanned.text)
    return Said(Type.PLANNED, True, "Planned", facts.plan.reason if facts.plan else "")


def _gpus(facts: Facts) -> Said:
    if facts.unplanned_gpus:
        told = "; ".join(each.text for each in facts.unplanned_gpus)
        return Said(Type.GPUS_PLANNED_ON, False, facts.unplanned_gpus[0].reason.value, told)
    return Said(Type.GPUS_PLANNED_ON, True, "NoneLeftOut", "a label names each GPU that nodes offer")


def _secret(fleet: Object, facts: Facts, found: Health) -> Said:
    name = object_name(key_of(fleet).name)
    if not facts.secret_known:
        return Said(Type.SECRET_READY, None, "NotSeen", f"whether the Secret {name} is there cannot be told")
    if facts.secret is not None:
        return Said(Type.SECRET_READY, False, "SecretMissing", facts.secret.text)
    return Said(Type.SECRET_READY, True, "SecretThere", f"the Secret {name} is there{_unread(fleet, facts, found)}")


def _unread(fleet: Object, facts: Facts, found: Health) -> str:
    """Where pods may lack one of its keys, which nobody can tell without the right to read all of it."""
    if found.ready:
        return ""
    key = key_of(fleet)
    describe = f"kubectl describe secret {object_name(key.name)} -n {key.namespace}"
    return f", and is not read: it needs {' and '.join(facts.secret_keys)}; hint: {describe}"


def _applied(fleet: Object, facts: Facts) -> Said:
    if facts.unwritten:
        told = "; ".join(each.text for each in facts.unwritten)
        return Said(Type.APPLIED, False, facts.unwritten[0].reason.value, told)
    if facts.tolerates_otherwise:
        return Said(Type.APPLIED, True, "TolerationsWait", _tolerations(fleet, facts.tolerates_otherwise))
    return Said(Type.APPLIED, True, "Applied", "every object is as it was rendered")


def _tolerations(fleet: Object, cluster: str) -> str:
    """What `up` says of tolerations that change, of which KubeRay makes no other Ray cluster."""
    delete = f"kubectl delete raycluster {cluster} -n {key_of(fleet).namespace}"
    return (
        f"every object is as it was rendered, and the pods of Ray cluster {cluster} have the tolerations of before: "
        "the next one has these, and KubeRay makes none for them alone, but for another image; "
        f"hint: {delete} (with a gap in answers)"
    )


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
