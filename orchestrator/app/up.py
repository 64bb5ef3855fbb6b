"""`qorch up`: from a plan to a fleet that answers, phase by phase; what it started it takes down when it fails."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from orchestrator.app.ports import FleetPaths, Reporter, Runtime
from orchestrator.app.weights import ResolvedWeights
from orchestrator.core.deployment import DeploymentSpec
from orchestrator.core.errors import EnvironmentNotReady, TimedOut
from orchestrator.core.fleet import Fleet, FleetPhase, command
from orchestrator.core.gpu_sets import device_count
from orchestrator.core.order_diff import differences
from orchestrator.core.plan import FitPlan
from orchestrator.core.planned_deployment import Endpoint, ModelFiles, Places, deployment_spec
from orchestrator.core.profile import Profile
from orchestrator.core.scaling.goal import ScalingGoal
from orchestrator.core.scaling.goal_words import goal_data, goal_options

POLL_S = 0.1
MOST_POLL_S = 1.0
POLL_SHARE = 0.02  # of the time waited so far: who looks often takes the cores that a start needs
REACHED = {
    FleetPhase.READY: "the model answered a completion",
    FleetPhase.IDLE: "no replica is needed now; the next request starts one",
}
CONTROLLER_PATIENCE_S = 15.0  # Ray restarts a Serve controller that died within a few seconds


@dataclass(frozen=True)
class Order:
    """What shall run: a plan that was made and agreed to, and how to get its weights."""

    plan: FitPlan
    resolve: Callable[[Profile], ResolvedWeights]


@dataclass(frozen=True)
class UpSettings:
    """What `up` needs besides the plan; `asked` is the person's wish, to recognise it when it comes again."""

    endpoint: Endpoint
    keys_path: str
    asked: Mapping[str, Any]
    timeout_s: float
    wait: bool
    goal: ScalingGoal | None = None  # where the number of replicas follows the load


@dataclass(frozen=True)
class UpResult:
    """The fleet as it stands, and whether anything had to be done for it."""

    fleet: Fleet | None
    changed: bool


def up(order: Callable[[], Order], runtime: Runtime, settings: UpSettings, reporter: Reporter) -> UpResult:
    """Bring the fleet up, or find it up; raises QorchError and leaves nothing half-started.

    `order` makes the plan, and is not asked when the fleet runs already.
    """
    with runtime.locked("up"):
        running = runtime.deployed()
        if running is not None:
            return UpResult(_already(running, runtime, settings, reporter), changed=False)
        if runtime.remove().existed:
            reporter.say(f"cleared what a crash had left of the fleet {runtime.name!r}")
        return UpResult(_first(order(), runtime, settings, reporter), changed=True)


def _already(running: DeploymentSpec, runtime: Runtime, settings: UpSettings, reporter: Reporter) -> Fleet | None:
    found = differences(running, settings.asked)
    if found:
        raise EnvironmentNotReady(
            f"the fleet {runtime.name!r} runs already, and differs: {'; '.join(found)}",
            hint=_how_to_change(running, found, settings.asked),
        )
    _require_controller(runtime)
    return _reach(runtime, settings, reporter)


def _how_to_change(running: DeploymentSpec, found: tuple[str, ...], asked: Mapping[str, Any]) -> str:
    names = {each.partition(":")[0] for each in found}
    if names == {"replicas"}:
        return command(f"scale {asked['replicas']}", running.fleet)
    if running.scaling is not None and names <= {"min-replicas", "max-replicas"}:
        return command(f"scale --min {asked['min-replicas']} --max {asked['max-replicas']}", running.fleet)
    if running.scaling is not None and names <= goal_data(running.scaling.goal).keys():
        options = goal_options({name: value for name, value in asked.items() if name in names})
        return command(f"scale {options}", running.fleet)
    return f"{command('down', running.fleet)} first, or another --fleet NAME and --port PORT beside it"


def _require_controller(runtime: Runtime) -> None:
    """One that restarts is waited for; raises EnvironmentNotReady when there is none."""
    deadline_s = time.monotonic() + CONTROLLER_PATIENCE_S
    while (fleet := runtime.observe()) is not None and not fleet.controlled:
        if time.monotonic() > deadline_s:
            raise EnvironmentNotReady(
                f"Ray's controller of the fleet {runtime.name!r} does not answer, so nothing heals it",
                hint=f"{command('down', runtime.name)}, then qorch up again",
            )
        time.sleep(POLL_S)


def _first(order: Order, runtime: Runtime, settings: UpSettings, reporter: Reporter) -> Fleet | None:
    with _undone_on_failure(runtime, reporter):
        files = {profile.name: _files(order, profile, reporter) for profile in order.plan.profiles}
        reporter.phase("start", "Ray, on loopback")
        plan = order.plan
        paths = runtime.prepare(plan.inventory.host.cpu_cores, device_count(plan.inventory))
        reporter.done("start", "Ray runs")
        runtime.apply(_spec(order, files, paths, runtime, settings))
        return _reach(runtime, settings, reporter)


def _files(order: Order, profile: Profile, reporter: Reporter) -> ModelFiles:
    """Have the weights of one variant here."""
    reporter.phase("weights", profile.name)
    weights = order.resolve(profile)
    reporter.done("weights", weights.source)
    return ModelFiles(str(weights.path), str(weights.mmproj_path) if weights.mmproj_path else None)


def _spec(
    order: Order, files: Mapping[str, ModelFiles], paths: FleetPaths, runtime: Runtime, settings: UpSettings
) -> DeploymentSpec:
    places = Places(
        log_dir=str(paths.log_dir),
        keys_path=settings.keys_path,
        admin_token_path=str(paths.admin_token_path),
        claims_dir=str(paths.claims_dir),
        scaling_path=str(paths.scaling_path),
    )
    now_s = int(time.time())
    return deployment_spec(
        runtime.name, order.plan, files, places, settings.endpoint, settings.asked, now_s, settings.goal
    )


def _reach(runtime: Runtime, settings: UpSettings, reporter: Reporter) -> Fleet | None:
    if not settings.wait:
        return runtime.observe()
    begin_s = time.monotonic()
    while (waited_s := time.monotonic() - begin_s) < settings.timeout_s:
        fleet = runtime.observe()
        if fleet is not None and fleet.phase in REACHED:
            reporter.done("ready", REACHED[fleet.phase])
            return fleet
        failure = runtime.failure()
        if failure is not None:
            raise failure
        reporter.phase("load", _progress(fleet))
        time.sleep(min(MOST_POLL_S, POLL_S + POLL_SHARE * waited_s))
    raise TimedOut(
        f"the fleet was not ready within {settings.timeout_s:g} s; it goes on starting",
        hint=command("status --watch", runtime.name),
    )


def _progress(fleet: Fleet | None) -> str:
    if fleet is None or not fleet.replicas:
        return "replicas are being placed"
    counts = Counter(f"{replica.deployment} {replica.state.lower()}" for replica in fleet.replicas)
    return ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))


@contextmanager
def _undone_on_failure(runtime: Runtime, reporter: Reporter) -> Iterator[None]:
    """Take down what a first start has begun, unless it only takes longer than the person would wait."""
    try:
        yield
    except TimedOut:
        raise
    except BaseException:
        reporter.phase("undo", "taking down what was started")
        runtime.remove()
        raise
