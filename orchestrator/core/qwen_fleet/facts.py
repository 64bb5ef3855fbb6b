"""What is known of a fleet after one look at it, and the conditions that follow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.core.manifests.naming import object_name
from orchestrator.core.plan import FitPlan
from orchestrator.core.qwen_fleet.conditions import Said, Type
from orchestrator.core.qwen_fleet.kind import Object, key_of
from orchestrator.core.qwen_fleet.service_health import Health
from orchestrator.core.qwen_fleet.trouble import Trouble


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


def conditions_of(fleet: Object, facts: Facts, found: Health) -> Iterator[Said]:
    """What holds and what does not; `found` is what KubeRay says of the RayService."""
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
