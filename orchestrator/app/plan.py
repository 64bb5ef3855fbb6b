"""`qorch plan`: what is here, what could run, what would run, and why."""

from __future__ import annotations

from itertools import product
from shlex import quote

from orchestrator.app.weights import WeightsStore
from orchestrator.core.choose import Predict, choose
from orchestrator.core.device import Device
from orchestrator.core.errors import DoesNotFit, EnvironmentNotReady, QorchError, UsageError
from orchestrator.core.inventory import Site
from orchestrator.core.plan import Availability, Engines, Fit, FitPlan, PlanFailure
from orchestrator.core.profile import EngineName, ModelStatus, Profile
from orchestrator.core.room import most_replicas
from orchestrator.core.wish import Wish

FIXED_HINT = "qorch up --engine ollama --replicas 1"
HINTS = {
    PlanFailure.WEIGHTS_MISSING: "qorch pull {nearest} on a machine with a route to the hub, or --weights PATH",
    PlanFailure.ENGINE_MISSING: "qorch doctor",
    PlanFailure.DOES_NOT_FIT: "qorch plan --profile {nearest}",
}


def make_plan(
    profiles: tuple[Profile, ...],
    site: Site,
    wish: Wish,
    store: WeightsStore,
    engines: Engines,
    predict: Predict,
) -> FitPlan:
    """Choose among all profiles, with what is known of their weights and engines."""
    availability = {profile.name: store.availability(profile) for profile in profiles}
    return choose(profiles, site, wish, availability, engines, predict)


def make_described_plan(profiles: tuple[Profile, ...], site: Site, wish: Wish, predict: Predict) -> FitPlan:
    """Choose for a machine that one does not have: there every engine and all published weights can be had."""
    there = Availability(obtainable=True, on_disk=False, reason="taken as there: the machine is described, not probed")
    availability = {p.name: there for p in profiles if p.model.status is not ModelStatus.STAND_IN}
    return choose(profiles, site, wish, availability, dict.fromkeys(product(EngineName, Device), there), predict)


def require_fit(plan: FitPlan) -> Fit:
    """What will run; raises DoesNotFit (3) or, where files or an engine are missing, EnvironmentNotReady (4)."""
    if plan.chosen is not None:
        _require_room(plan, plan.chosen)
        return plan.chosen
    assert plan.failure is not None
    error: type[QorchError] = DoesNotFit if plan.failure is PlanFailure.DOES_NOT_FIT else EnvironmentNotReady
    nearest = plan.nearest or plan.candidates[0].profile.name
    raise error(plan.reason, hint=HINTS[plan.failure].format(nearest=nearest) + _with_loras(plan))


def _require_room(plan: FitPlan, chosen: Fit) -> None:
    """Raises DoesNotFit for more replicas than this host could have, UsageError where nothing tells how busy they are.

    Of what goes over several hosts every host has its own bounds.
    """
    bounds = plan.wish.bounds
    if bounds is None or len(plan.site.hosts) > 1 or plan.site.hosts[0].count > 1:
        return
    if chosen.profile.engine is EngineName.OLLAMA:
        raise UsageError("Ollama does not tell how busy it is, so replicas cannot follow the load", hint=FIXED_HINT)
    most, why = most_replicas(plan)
    if most < bounds.max_replicas:
        raise DoesNotFit(
            f"up to {bounds.max_replicas} replicas are asked for, and there is room for {most}: {why}",
            hint=f"qorch up --min-replicas {bounds.min_replicas} --max-replicas {most}",
        )


def _with_loras(plan: FitPlan) -> str:
    """The adapters belong to every command that might do better."""
    return "".join(f" --lora {quote(f'{lora.name}={lora.path}')}" for lora in plan.wish.loras)
