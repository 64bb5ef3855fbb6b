"""What a person orders with `qorch up`: checked, planned, and agreed to before anything is started."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli import compose
from orchestrator.cli.downloads import show_download
from orchestrator.cli.goals import GoalChanges
from orchestrator.cli.output import TerminalReporter
from orchestrator.cli.verbs import plan as plan_verb
from orchestrator.cli.wish import planned_data, wish_data
from orchestrator.core.amounts import counted
from orchestrator.core.errors import EnvironmentNotReady, QorchError
from orchestrator.core.plan import FitPlan
from orchestrator.core.planned import Planned
from orchestrator.core.scaling.goal import ScalingGoal
from orchestrator.core.scaling.goal_words import goal_data
from orchestrator.core.wish import Wish

if TYPE_CHECKING:
    from orchestrator.app.up import Order
    from orchestrator.core.planned_deployment import Endpoint


@dataclass(frozen=True)
class Asked:
    """The wish or the written plan, where its weights are if that was said, and where to listen."""

    wish: Wish
    weights: Path | None
    host: str
    port: int
    planned: tuple[Planned, ...] | None = None  # in the place of the wish
    goal: GoalChanges = field(default_factory=dict)

    @property
    def data(self) -> dict[str, Any]:
        """By the options' names, so that the same order is recognised when it comes again."""
        return {
            **(wish_data(self.wish) if self.planned is None else planned_data(self.planned)),
            "weights": str(self.weights.absolute()) if self.weights else None,
            "host": self.host,
            "port": self.port,
            **{name: value for name, value in goal_data(self.scaling_goal).items() if value is not None},
        }

    @property
    def scaling_goal(self) -> ScalingGoal:
        return ScalingGoal(**self.goal)

    def endpoint(self, has_keys: bool) -> Endpoint:
        """Where to listen; raises EnvironmentNotReady when it would be open to everybody."""
        from orchestrator.core.planned_deployment import Endpoint

        keys_required = not is_loopback(self.host)
        if keys_required and not has_keys:
            raise EnvironmentNotReady(
                f"{self.host} can be reached from outside this machine, and there is no API key",
                hint="qorch keys create NAME",
            )
        return Endpoint(self.host, self.port, keys_required)

    def show_plan(self) -> None:
        """The plan, on stdout; raises as `require_reached` does."""
        from orchestrator.app.plan import require_reached

        plan = self._plan()
        click.echo(plan_verb.text(plan))
        require_reached(plan, self.scaling_goal, bool(self.goal))

    def order(self, reporter: TerminalReporter, ask: bool) -> Order:
        """Plan, check what can be checked before anything is started, and have the person agree."""
        from orchestrator.app.plan import require_reached
        from orchestrator.app.up import Order

        plan = self._plan()
        reporter.say(plan_verb.text(plan))
        require_reached(plan, self.scaling_goal, bool(self.goal))
        self._require_port()
        if ask:
            confirm(plan)
        store = compose.stores.weights_store(self.weights)
        return Order(plan, lambda profile: store.resolve(profile, partial(show_download, reporter)))

    def _plan(self) -> FitPlan:
        if self.planned is not None:
            return compose.plans.planned(self.planned, self.weights)
        return compose.plans.plan(self.wish, None, self.weights)

    def _require_port(self) -> None:
        from orchestrator.adapters.ports import port_problem

        if problem := port_problem(self.host, self.port):
            raise EnvironmentNotReady(
                f"cannot listen on {self.host}:{self.port}: {problem}", hint="qorch up --port PORT"
            )


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine only; a name counts as reachable from outside."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def confirm(plan: FitPlan) -> None:
    """Ask on a terminal; without one, go ahead."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return
    bounds = plan.wish.bounds
    replicas = counted(plan.num_replicas, "replica") if bounds is None else f"{bounds} replicas"
    profiles = " + ".join(profile.name for profile in plan.profiles)
    if not click.confirm(f"Deploy {profiles}, {replicas}?", default=True, err=True):
        raise QorchError("you said no: nothing was deployed", hint="qorch plan")
