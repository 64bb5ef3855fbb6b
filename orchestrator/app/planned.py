"""`--plan`: exactly what a plan says, as far as it still fits the host of today, or the hosts that it was made for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from orchestrator.app.plan import DESCRIBED, IN_CLUSTER, make_plan, make_pod_plan, require_fit
from orchestrator.app.weights import WeightsStore
from orchestrator.core.choose import Predict
from orchestrator.core.errors import DoesNotFit, UsageError
from orchestrator.core.fit import ASKED_PLACES
from orchestrator.core.inventory import Inventory, Site, one_host
from orchestrator.core.plan import Candidate, Engines, FitPlan, Placement, PlanFailure
from orchestrator.core.plan_notices import notices
from orchestrator.core.planned import Planned, beyond_one_host, mismatch, only_planned
from orchestrator.core.profile import Profile
from orchestrator.core.wish import Wish


def require_one_host(planned: tuple[Planned, ...]) -> tuple[Planned, ...]:
    """All that a plan places; raises DoesNotFit where that takes more than this host."""
    if why := beyond_one_host(planned):
        raise DoesNotFit(
            f"the plan is for several hosts: {why}; `qorch up` deploys on this one",
            hint=f"qorch plan --profile {planned[0].profile} -o yaml",
        )
    return planned


def make_planned(
    planned: tuple[Planned, ...],
    profiles: tuple[Profile, ...],
    inventory: Inventory,
    store: WeightsStore,
    engines: Engines,
    predict: Predict,
) -> FitPlan:
    """The plan made anew with nothing left open, on the GPUs that it names; raises QorchError where it is not so."""

    def make(site: Site, each: Planned) -> FitPlan:
        return make_plan(profiles, site, _wish(each, profiles), store, engines, predict)

    made = [_made_anew(each, inventory, make) for each in planned]
    return _one_plan([placement for plan in made for placement in plan.placements], one_host(inventory), planned[0])


def make_planned_pods(
    planned: tuple[Planned, ...], profiles: tuple[Profile, ...], site: Site, predict: Predict
) -> FitPlan:
    """The same for pods on the hosts that the plan itself describes, each placement on as many of them as it says."""

    def make(one: Site, each: Planned) -> FitPlan:
        taken = IN_CLUSTER if site.hosts[each.host_group].pool else DESCRIBED
        return make_pod_plan(profiles, one, _wish(each, profiles), predict, taken)

    placements = [
        _on_its_hosts(placement, each)
        for each in planned
        for placement in _made_anew(each, site.hosts[each.host_group].inventory, make).placements
    ]
    return _one_plan(placements, site, planned[0])


def _on_its_hosts(placement: Placement, planned: Planned) -> Placement:
    option = replace(placement.option, group=planned.host_group)
    return replace(placement, option=option, num_hosts=planned.num_hosts)


def _made_anew(planned: Planned, inventory: Inventory, make: Callable[[Site, Planned], FitPlan]) -> FitPlan:
    if why := mismatch(planned, inventory):
        raise DoesNotFit(f"the plan is for other hardware: {why}", hint="qorch plan")
    plan = make(one_host(only_planned(planned, inventory)), planned)
    if plan.failure is PlanFailure.DOES_NOT_FIT:
        why = plan.candidates[0].refusal or plan.reason
        raise DoesNotFit(f"the plan of {planned.profile} does not fit here today: {why}", hint="qorch plan")
    fit = require_fit(plan)
    if fit.device is not planned.device:
        raise DoesNotFit(
            f"the plan says {planned.device.value}, and {planned.profile} runs on {fit.device.value}", hint="qorch plan"
        )
    return plan


def _wish(planned: Planned, profiles: tuple[Profile, ...]) -> Wish:
    """A plan asks for what has to be asked for: vLLM on a CPU."""
    engine = next((profile.engine for profile in profiles if profile.name == planned.profile), None)
    if (engine, planned.device) in ASKED_PLACES:
        return replace(planned.wish, engine=engine, device=planned.device)
    return planned.wish


def _one_plan(placements: Sequence[Placement], site: Site, planned: Planned) -> FitPlan:
    """Of all that runs there; raises UsageError where that is not one model."""
    profiles = tuple(dict.fromkeys(each.fit.profile for each in placements))
    models = dict.fromkeys(profile.model.name for profile in profiles)
    if len(models) > 1:
        raise UsageError(f"the plan places {' and '.join(models)}, and a fleet serves one model", hint="qorch plan")
    count = sum(each.num_replicas for each in placements)
    plan = FitPlan(
        wish=Wish(
            model=next(iter(models)),
            num_replicas=count,
            loras=planned.loras,
            num_speculative_tokens=planned.num_speculative_tokens,
            bounds=planned.bounds,
        ),
        site=site,
        candidates=tuple(_candidate(profile, placements) for profile in profiles),
        placements=tuple(placements),
        reason=f"{' + '.join(each.name for each in profiles)} as planned: it still fits",
    )
    return replace(plan, notices=notices(plan))


def _candidate(profile: Profile, placements: Sequence[Placement]) -> Candidate:
    """A profile with the ways in which it was placed."""
    return Candidate(profile, tuple(each.option for each in placements if each.fit.profile == profile))
