"""The pool's policy as Ray Serve calls it: ten times a second, in its controller, which waits for the answer.

Ray pickles this module by value, gives the policy its arguments, and forgets what it remembers when the controller
ends: so little is here, and what was learned is in a file.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestrator.adapters.budget_file import BudgetBusy, BudgetFile
from orchestrator.adapters.goal_file import GoalFile, goal_path
from orchestrator.core.scaling.decision import ScalingDecision
from orchestrator.core.scaling.goal import ScalingGoal
from orchestrator.core.scaling.looks import Look
from orchestrator.core.scaling.parts import Parts
from orchestrator.core.scaling.policy import ScalingPolicy
from orchestrator.core.scaling.pool import PoolWatch, pool_decided, pool_watched
from orchestrator.core.scaling.pool_memory import PoolMemory
from orchestrator.core.scaling.prior import PoolPrior, pool_prior_from_data
from orchestrator.core.scaling.seen import PoolSeen
from orchestrator.core.scaling.shared import capped, claim_of, fresh
from orchestrator.serving.kv_parts import KvParts
from orchestrator.serving.scaling_record import ScalingRecord
from orchestrator.serving.scaling_ticks import Contexts, ScalingTicks
from orchestrator.serving.told import pool_seen

logger = logging.getLogger("ray.serve")

Counts = dict[Any, int]


class PoolPolicy:
    """Decides twice a second for all variants together, less often where that takes long; a failure changes nothing."""

    def __init__(self, path: str, policy: dict[str, Any], prior: dict[str, Any], goal: str | None = None) -> None:
        """The file of the goal is named on pods, whose disks nobody else reads."""
        self._policy = ScalingPolicy(**policy)
        self._path = Path(path)
        self._prior: PoolPrior = pool_prior_from_data(prior)
        self._goals = GoalFile(goal_path(self._path) if goal is None else Path(goal))
        self._record = ScalingRecord(self._path, None if goal is None else KvParts())
        self._memory = self._record.remembered()
        self._ticks = ScalingTicks(self._look)
        self._now_s = 0.0
        self._answer: Mapping[str, int] = {}
        self._aside: Mapping[str, int] = {}  # replicas of each variant that a person has stand aside

    def __call__(self, contexts: Contexts) -> tuple[Counts, dict[Any, dict[str, Any]]]:
        """Replicas by deployment, of those that Ray tells of."""
        self._now_s = next((context.current_time for context in contexts.values()), self._now_s)
        self._ticks.tick(contexts, self._now_s)
        return {key: self._count(context) for key, context in contexts.items()}, {}

    def _count(self, context: Any) -> int:
        name = context.deployment_name
        return self._answer[name] + self._aside[name] if name in self._answer else context.target_num_replicas

    def _look(self, contexts: Contexts, now_s: float) -> Parts[None]:
        return self._looked(pool_seen(contexts.values(), now_s))

    def _looked(self, seeing: Parts[PoolSeen]) -> Parts[None]:
        try:
            seen, before = (yield from seeing), self._memory
            goal = self._goal()
            watch = yield from pool_watched(seen, goal.schedule, self._prior, before)
            goal, decision, self._memory = self._decided(seen, watch, goal)
            asked = self._answer or {each.name: each.asked for each in seen.variants}
            self._record.add(Look(seen, goal, self._policy, self._prior, decision), before, self._memory, asked)
        except BudgetBusy:
            return
        except Exception:
            logger.exception("the number of replicas stays as it is: the look at the load went wrong")
            self._answer = {}
            return
        self._answer, self._aside = decision.replicas, {each.name: each.aside for each in seen.variants}

    def _decided(
        self, seen: PoolSeen, watch: PoolWatch, goal: ScalingGoal
    ) -> tuple[ScalingGoal, ScalingDecision, PoolMemory]:
        """What is decided; where a budget is shared, with what of it is left, and no other fleet decides meanwhile."""
        if goal.budget is None:
            return goal, *pool_decided(watch, goal, self._policy, self._prior)
        own = self._path.parent.name
        with BudgetFile(self._path, goal.budget.name).held() as claims:
            told = fresh(claims, seen.now_s)
            goal = capped(goal, goal.budget, own, told)
            decision, memory = pool_decided(watch, goal, self._policy, self._prior)
            claims.clear()
            claims.update({**told, own: claim_of(decision, seen, self._prior)})
        return goal, decision, memory

    def _goal(self) -> ScalingGoal:
        """As it stands now; one that cannot be read leaves the one before."""
        try:
            return self._goals.read()
        except (OSError, ValueError) as error:
            logger.warning("the goal of scaling cannot be read: %s", error)
            return self._goals.last
