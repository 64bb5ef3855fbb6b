"""`qorch up --plan`: exactly what a plan says, as far as it still fits the host of today."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.app.plan import make_plan, require_fit
from orchestrator.app.weights import WeightsStore
from orchestrator.core.amounts import counted
from orchestrator.core.choose import Predict
from orchestrator.core.errors import DoesNotFit
from orchestrator.core.fit import ASKED_PLACES
from orchestrator.core.inventory import Inventory, one_host
from orchestrator.core.plan import Engines, FitPlan, PlanFailure
from orchestrator.core.planned import Planned, mismatch, only_planned
from orchestrator.core.profile import Profile
from orchestrator.core.wish import Wish


def the_one(planned: tuple[Planned, ...]) -> Planned:
    """What this host can deploy of a plan; raises DoesNotFit where that is less than the whole plan."""
    if len(planned) > 1 or planned[0].num_hosts > 1:
        hosts = sum(each.num_hosts for each in planned)
        raise DoesNotFit(
            f"the plan has {counted(len(planned), 'placement')} on {counted(hosts, 'host')}; "
            "`qorch up` deploys one, on this host",
            hint=f"qorch plan --profile {planned[0].profile} -o yaml",
        )
    return planned[0]


def make_planned(
    planned: Planned,
    profiles: tuple[Profile, ...],
    inventory: Inventory,
    store: WeightsStore,
    engines: Engines,
    predict: Predict,
) -> FitPlan:
    """The plan made anew with nothing left open, on the GPUs that it names; raises QorchError where it is not so."""
    if why := mismatch(planned, inventory):
        raise DoesNotFit(f"the plan is for other hardware: {why}", hint="qorch plan")
    named = one_host(only_planned(planned, inventory))
    plan = make_plan(profiles, named, _wish(planned, profiles), store, engines, predict)
    if plan.failure is PlanFailure.DOES_NOT_FIT:
        why = plan.candidates[0].refusal or plan.reason
        raise DoesNotFit(f"the plan of {planned.profile} does not fit here today: {why}", hint="qorch plan")
    fit = require_fit(plan)
    if fit.device is not planned.device:
        raise DoesNotFit(
            f"the plan says {planned.device.value}, and {planned.profile} runs on {fit.device.value}", hint="qorch plan"
        )
    return replace(plan, site=one_host(inventory), reason=f"{planned.profile} as planned: it still fits")


def _wish(planned: Planned, profiles: tuple[Profile, ...]) -> Wish:
    """A plan asks for what has to be asked for: vLLM on a CPU."""
    engine = next((profile.engine for profile in profiles if profile.name == planned.profile), None)
    if (engine, planned.device) in ASKED_PLACES:
        return replace(planned.wish, engine=engine, device=planned.device)
    return planned.wish
