"""What of a plan a namespace admits: smaller or fewer replicas, where that was left open, or none."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, replace

from orchestrator.core.amounts import counted
from orchestrator.core.cluster.fleet_pods import fleet_pods
from orchestrator.core.cluster.namespace_limits import NamespaceLimits
from orchestrator.core.errors import DoesNotFit
from orchestrator.core.gpu_table import GpuTable
from orchestrator.core.manifests.fleet import manifests
from orchestrator.core.manifests.settings import ClusterSettings
from orchestrator.core.parallel import TENSOR_PARALLEL_SIZES
from orchestrator.core.plan import FitPlan
from orchestrator.core.scaling.goal import ScalingGoal
from orchestrator.core.wish import Wish

PlanFor = Callable[[Wish], FitPlan]


@dataclass(frozen=True)
class Admission:
    """Of a fleet's objects, as they would be rendered."""

    limits: NamespaceLimits
    fleet: str
    settings: ClusterSettings
    table: GpuTable
    context: str

    def refusal(self, plan: FitPlan) -> str | None:
        """Why the pods of a plan would not be admitted."""
        if plan.chosen is None or not self.limits.limited:
            return None
        bare = replace(plan, wish=replace(plan.wish, loras=()))  # which are no matter of requests
        objects = manifests(self.fleet, bare, ScalingGoal(), self.settings, self.table)
        return self.limits.refusal(fleet_pods(objects))


def admitted(plan: FitPlan, plan_for: PlanFor, admission: Admission) -> FitPlan:
    """The plan, or on fewer GPUs a replica, or with fewer replicas; raises DoesNotFit where others were asked for."""
    if (why := admission.refusal(plan)) is None:
        return plan
    if (smaller := _smaller(plan, plan_for, admission)) is not None:
        assert smaller.chosen is not None
        size = counted(smaller.chosen.tensor_parallel_size, "GPU")
        return replace(smaller, notices=(f"{why}: a replica is planned on {size} instead", *smaller.notices))
    room = _room(plan, plan_for, admission)
    if not room or plan.wish.num_replicas is not None:
        raise _not_admitted(plan.wish, room, why, admission)
    fewer = plan_for(replace(plan.wish, num_replicas=room))
    told = f"{why}: {room} of the {plan.num_replicas} replicas are planned that the nodes have room for"
    return replace(fewer, notices=(told, *fewer.notices))


def _smaller(plan: FitPlan, plan_for: PlanFor, admission: Admission) -> FitPlan | None:
    """The plan of the largest split that is admitted, whose pods have less each."""
    if plan.chosen is None or plan.wish.tensor_parallel_size is not None:
        return None
    sizes = (size for size in reversed(TENSOR_PARALLEL_SIZES) if size < plan.chosen.tensor_parallel_size)
    made = (plan_for(replace(plan.wish, tensor_parallel_size=size)) for size in sizes)
    return next((one for one in made if one.chosen is not None and admission.refusal(one) is None), None)


def _room(plan: FitPlan, plan_for: PlanFor, admission: Admission) -> int:
    """How many replicas are admitted, of fewer than the plan has."""

    def refused(count: int) -> bool:
        fewer = plan_for(replace(plan.wish, num_replicas=count))
        return fewer.chosen is None or admission.refusal(fewer) is not None

    return bisect_left(range(1, plan.num_replicas), True, key=refused)


def _not_admitted(wish: Wish, room: int, why: str, admission: Admission) -> DoesNotFit:
    """With what would be admitted, where anything would."""
    if not room:
        return DoesNotFit(why, hint=admission.limits.command(admission.context))
    if wish.bounds is None:
        hint = f"qorch plan --replicas {room}"
    else:
        hint = f"qorch plan --min-replicas {min(wish.bounds.min_replicas, room)} --max-replicas {room}"
    return DoesNotFit(f"{why}: there is room for {room} of {wish.num_replicas} replicas", hint=hint)
