"""`qorch up` in a cluster: from a plan to objects that are applied and pods that answer, phase by phase."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from orchestrator.app.cluster_fleet import ClusterFleet
from orchestrator.app.ports import Reporter
from orchestrator.app.up import UpResult
from orchestrator.core.amounts import counted
from orchestrator.core.errors import QorchError, TimedOut
from orchestrator.core.fleet import Fleet
from orchestrator.core.kuberay.next_cluster import waits_for_new_cluster
from orchestrator.core.kuberay.seen import cluster_fleet
from orchestrator.core.kuberay.steps import Step, failure, steps
from orchestrator.core.manifests.changes import Action, Change, differ
from orchestrator.core.manifests.fleet_on_pods import FleetOnPods
from orchestrator.core.manifests.settings import ClusterSettings
from orchestrator.core.order_diff import differences

POLL_S, MOST_POLL_S, POLL_SHARE = 0.2, 3.0, 0.02  # the last: of the time waited so far


@dataclass(frozen=True)
class ClusterUpSettings:
    """What `up` in a cluster needs besides the plan; `asked` is the person's wish."""

    cluster: ClusterSettings
    asked: Mapping[str, Any]
    timeout_s: float
    wait: bool
    force: bool  # take fields that others own


@dataclass(frozen=True)
class Proposal:
    """What `up` would do, and whether there is a fleet already."""

    changes: tuple[Change, ...]
    first: bool


Order = Callable[[], FleetOnPods]  # makes the plan, and has the person agree


def propose(order: Order, fleet: ClusterFleet, settings: ClusterUpSettings, reporter: Reporter) -> Proposal:
    """What would change; raises QorchError.

    A fleet that was asked for alike keeps its plan, and `order` is not asked.
    """
    fleet.require_own("up")
    recorded = fleet.cluster.recorded()
    wanted = order() if recorded is None else _again(recorded, order, settings)
    reporter.phase("check", "what the API server would take")
    changes = fleet.proposed(replace(wanted, settings=settings.cluster), settings.force)
    found = sum(each.action is not Action.SAME for each in changes)
    reporter.done("check", f"{found} of {counted(len(changes), 'object')} to apply")
    if any(map(waits_for_new_cluster, changes)):
        reporter.say(f"note: {fleet.next_cluster_only}")
    return Proposal(changes, first=all(each.action is Action.CREATE for each in changes))


def cluster_up(order: Order, fleet: ClusterFleet, settings: ClusterUpSettings, reporter: Reporter) -> UpResult:
    """Bring the fleet up as asked for, or find it so; raises QorchError, and takes down what it alone has begun."""
    proposal = propose(order, fleet, settings, reporter)
    changed = differ(proposal.changes)
    with _undone_on_failure(fleet, proposal.first, reporter):
        if changed:
            _apply(fleet, proposal.changes, settings.force, reporter)
        return UpResult(_reach(fleet, settings, reporter) if settings.wait else fleet.observe(), changed)


def _again(recorded: FleetOnPods, order: Order, settings: ClusterUpSettings) -> FleetOnPods:
    return order() if differences(recorded.spec, settings.asked) else recorded


def _apply(fleet: ClusterFleet, changes: tuple[Change, ...], force: bool, reporter: Reporter) -> None:
    found = [each for each in changes if each.action is not Action.SAME]
    reporter.phase("apply", counted(len(found), "object"))
    fleet.put(changes, force)
    reporter.done("apply", f"{counted(len(found), 'object')} in {fleet.cluster.namespace} of {fleet.cluster.context}")


def _reach(fleet: ClusterFleet, settings: ClusterUpSettings, reporter: Reporter) -> Fleet:
    begin_s, told = time.monotonic(), 0
    now = Step("head", False, "KubeRay has not seen the RayService yet")
    while (waited_s := time.monotonic() - begin_s) < settings.timeout_s:
        seen = fleet.look()
        if seen is not None:
            found = steps(seen)
            told = _tell(found, told, reporter)
            if told == len(found):
                return cluster_fleet(seen)
            if failed := failure(seen):
                raise fleet.told(failed)
            now = found[told]
        reporter.phase(now.name, now.detail)
        time.sleep(min(MOST_POLL_S, POLL_S + POLL_SHARE * waited_s))
    raise TimedOut(
        f"the fleet was not ready within {settings.timeout_s:g} s ({now.name}: {now.detail}); it goes on starting",
        hint=fleet.command("status --watch"),
    )


def _tell(found: tuple[Step, ...], told: int, reporter: Reporter) -> int:
    """How many steps were done in their order, each of which is told once."""
    while told < len(found) and found[told].done:
        reporter.done(found[told].name, found[told].detail)
        told += 1
    return told


@contextmanager
def _undone_on_failure(fleet: ClusterFleet, first: bool, reporter: Reporter) -> Iterator[None]:
    """Take down what a first start has begun, unless it only takes longer; a fleet that was there is left."""
    try:
        yield
    except TimedOut:
        raise
    except BaseException:
        if first:
            _undo(fleet, reporter)
        else:
            reporter.say(f"the fleet was there before, so nothing is removed: {fleet.command('status')}")
        raise


def _undo(fleet: ClusterFleet, reporter: Reporter) -> None:
    """What went wrong first is what the person is to read as the error."""
    reporter.phase("undo", "removing what was applied")
    try:
        fleet.cluster.remove()
    except QorchError as left:
        reporter.say(f"what was applied is still there: {left.message}; later: {fleet.command('down')}")
