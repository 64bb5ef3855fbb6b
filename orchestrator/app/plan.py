"""`qorch plan`: what is here, what could run, what would run, and why."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from shlex import quote

from orchestrator.app.weights import WeightsStore
from orchestrator.core.choose import Predict, choose
from orchestrator.core.device import Device
from orchestrator.core.errors import DoesNotFit, EnvironmentNotReady, QorchError, UsageError
from orchestrator.core.inventory import Site
from orchestrator.core.plan import Availability, Engines, Fit, FitPlan, PlanFailure
from orchestrator.core.profile import EngineName, ModelStatus, Profile
from orchestrator.core.reach import allowed_of_plan, require_reachable
from orchestrator.core.scaling.goal import ScalingGoal
from orchestrator.core.scaling.goal_words import goal_data, goal_options
from orchestrator.core.wish import Wish

DESCRIBED = Availability(obtainable=True, on_disk=False, reason="taken as there: the machine is described, not probed")
IN_CLUSTER = Availability(obtainable=True, on_disk=True, reason="in the fleet's image, or its cache of weights")
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
    return _with_room(wish, lambda wish: choose(profiles, site, wish, availability, engines, predict))


def make_described_plan(profiles: tuple[Profile, ...], site: Site, wish: Wish, predict: Predict) -> FitPlan:
    """Choose for a machine that one does not have: there every engine and all published weights can be had."""
    published = tuple(profile for profile in profiles if profile.model.status is not ModelStatus.STAND_IN)
    return _made_where_all_is(profiles, published, site, wish, predict, DESCRIBED)


def make_pod_plan(
    profiles: tuple[Profile, ...], site: Site, wish: Wish, predict: Predict, taken: Availability = DESCRIBED
) -> FitPlan:
    """Choose for pods, of which a replica has one; a stand-in, which is made anywhere, is for whoever names it."""
    there = tuple(p for p in profiles if p.model.status is not ModelStatus.STAND_IN or _names(wish, p))
    on_pods = tuple(profile for profile in profiles if profile.engine is not EngineName.OLLAMA)
    return _made_where_all_is(on_pods, there, site, replace(wish, one_host=True), predict, taken)


def _made_where_all_is(
    profiles: tuple[Profile, ...],
    there: tuple[Profile, ...],
    site: Site,
    wish: Wish,
    predict: Predict,
    taken: Availability,
) -> FitPlan:
    """With every engine, and the weights of those that are there."""
    availability = {profile.name: taken for profile in there}
    engines = dict.fromkeys(product(EngineName, Device), taken)
    return _with_room(wish, lambda wish: choose(profiles, site, wish, availability, engines, predict))


def _names(wish: Wish, profile: Profile) -> bool:
    return wish.model == profile.model.name or wish.profile in (profile.name, profile.model.name)


def require_fit(plan: FitPlan) -> Fit:
    """What will run; raises DoesNotFit (3) or, where files or an engine are missing, EnvironmentNotReady (4)."""
    if plan.chosen is not None:
        _require_told(plan, plan.chosen)
        return plan.chosen
    _require_room(plan)
    assert plan.failure is not None
    error: type[QorchError] = DoesNotFit if plan.failure is PlanFailure.DOES_NOT_FIT else EnvironmentNotReady
    nearest = plan.nearest or plan.candidates[0].profile.name
    raise error(plan.reason, hint=HINTS[plan.failure].format(nearest=nearest) + _with_loras(plan))


def require_reached(plan: FitPlan, goal: ScalingGoal, asked: bool) -> None:
    """Raises as `require_fit` does, and where the plan cannot reach a goal that was asked for."""
    require_fit(plan)
    if plan.wish.bounds is not None:
        require_reachable(allowed_of_plan(plan), goal)
    elif asked:
        raise UsageError(
            f"{goal_options(goal_data(goal))} is for a number of replicas that follows the load",
            hint="qorch up --min-replicas 1 --max-replicas 3",
        )


def _with_room(wish: Wish, made: Callable[[Wish], FitPlan]) -> FitPlan:
    """The plan, which has room for all that may run; where bounds ask for more than has room, with how many have."""
    plan = made(wish)
    if wish.bounds is None or plan.failure is not PlanFailure.DOES_NOT_FIT:
        return plan
    counts = range(1, wish.bounds.max_replicas)
    refused = bisect_left(counts, True, key=lambda count: made(replace(wish, num_replicas=count)).chosen is None)
    return replace(plan, room=refused)


def _require_room(plan: FitPlan) -> None:
    """Raises DoesNotFit with how many replicas there could be, where there could be any."""
    if (bounds := plan.wish.bounds) is not None and plan.room:
        fewest = min(bounds.min_replicas, plan.room)
        raise DoesNotFit(
            f"up to {bounds.max_replicas} replicas are asked for, and there is room for {plan.room}",
            hint=f"qorch up --min-replicas {fewest} --max-replicas {plan.room}",
        )


def _require_told(plan: FitPlan, chosen: Fit) -> None:
    """Raises UsageError where replicas shall follow a load that nothing tells."""
    if plan.wish.bounds is not None and chosen.profile.engine is EngineName.OLLAMA:
        raise UsageError("Ollama does not tell how busy it is, so replicas cannot follow the load", hint=FIXED_HINT)


def _with_loras(plan: FitPlan) -> str:
    """The adapters belong to every command that might do better."""
    return "".join(f" --lora {quote(f'{lora.name}={lora.path}')}" for lora in plan.wish.loras)
