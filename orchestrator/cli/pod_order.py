"""What a person orders for pods: a wish or a written plan, with a goal; `render` and `up` take it alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.cli import compose
from orchestrator.cli.goals import GoalChanges
from orchestrator.cli.wish import planned_data, wish_data
from orchestrator.core.plan import FitPlan
from orchestrator.core.planned import Planned
from orchestrator.core.scaling.goal import ScalingGoal
from orchestrator.core.scaling.goal_words import goal_data
from orchestrator.core.wish import Wish

if TYPE_CHECKING:
    from orchestrator.core.manifests.fleet_on_pods import FleetOnPods
    from orchestrator.core.manifests.settings import ClusterSettings


@dataclass(frozen=True)
class PodOrder:
    """`make` plans a wish, where there is no plan in a file."""

    wish: Wish
    plan_path: Path | None
    goal: GoalChanges
    make: Callable[[Wish], FitPlan]

    @cached_property
    def _written(self) -> tuple[Planned, ...] | None:
        return None if self.plan_path is None else compose.plans.written_plan(self.plan_path)

    @property
    def asked(self) -> dict[str, Any]:
        """By the options' names, so that the same order is recognised when it comes again."""
        said = wish_data(self.wish) if self._written is None else planned_data(self._written)
        return {name: value for name, value in {**said, **goal_data(self._goal)}.items() if value is not None}

    @cached_property
    def plan(self) -> FitPlan:
        """Raises QorchError where nothing fits."""
        if self._written is None or self.plan_path is None:
            return self.make(self.wish)
        return compose.plans.planned_for_pods(self._written, self.plan_path)

    def fleet(self, name: str, settings: ClusterSettings) -> FleetOnPods:
        """Raises as `require_reached` does, and for what pods cannot run."""
        from orchestrator.app.plan import require_reached
        from orchestrator.core.manifests.fleet_on_pods import fleet_on_pods

        require_reached(self.plan, self._goal, bool(self.goal))
        return fleet_on_pods(name, self.plan, self._goal, settings, compose.catalog.gpu_table(), self.asked)

    @property
    def _goal(self) -> ScalingGoal:
        return ScalingGoal(**self.goal)
