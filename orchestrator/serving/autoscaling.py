"""The pool's policy as Ray Serve calls it: ten times a second, in its controller, which waits for the answer.

Ray pickles this module by value, gives the policy its arguments, and forgets what it remembers when the controller
ends: so little is here, and what was learned is in a file.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from orchestrator.adapters.budget_file import BudgetBusy, BudgetFile
from orchestrator.adapters.decision_log import log_decision
from orchestrator.adapters.goal_file import GoalFile, goal_path
from orchestrator.adapters.scaling_file import decisions_path, read_memory, write_scaling
from orchestrator.core.fleet import Decided
from orchestrator.core.scaling.decision import ScalingDecision
from orchestrator.core.scaling.goal import ScalingGoal
from orchestrator.core.scaling.memory_data import from_data
from orchestrator.core.scaling.policy import ScalingPolicy
from orchestrator.core.scaling.pool import pool_step
from orchestrator.core.scaling.pool_memory import PoolMemory
from orchestrator.core.scaling.prior import PoolPrior
from orchestrator.core.scaling.seen import PoolSeen
from orchestrator.core.scaling.shared import capped, claim_of, fresh
from orchestrator.serving.told import pool_seen

logger = logging.getLogger("ray.serve")

LOOK_PERIOD_S = 0.5
WRITE_PERIOD_S = 5.0  # where nothing was decided anew

Counts = dict[Any, int]


class PoolPolicy:
    """Decides twice a second for all variants together; a look that goes wrong changes nothing."""

    def __init__(self, path: str, policy: dict[str, Any], prior: dict[str, Any], goal: str | None = None) -> None:
        self._path = Path(path)
        self._policy = ScalingPolicy(**policy)
        self._prior: PoolPrior = from_data(PoolPrior, prior)
        self._goals = GoalFile(goal_path(self._path) if goal is None else Path(goal))
        self._memory = self._remembered()
        self._writer = ThreadPoolExecutor(1, "qorch-scaling")
        self._looked_at_s = self._written_at_s = float("-inf")
        self._answer: Mapping[str, int] = {}

    def __call__(self, contexts: Mapping[Any, Any]) -> tuple[Counts, dict[Any, dict[str, Any]]]:
        """Replicas by deployment, of those that Ray tells of."""
        now_s = next((context.current_time for context in contexts.values()), self._looked_at_s)
        if not 0 <= now_s - self._looked_at_s < LOOK_PERIOD_S:
            self._looked_at_s = now_s
            self._look(contexts, now_s)
        return {key: self._count(context) for key, context in contexts.items()}, {}

    def _count(self, context: Any) -> int:
        return self._answer.get(context.deployment_name, context.target_num_replicas)

    def _look(self, contexts: Mapping[Any, Any], now_s: float) -> None:
        try:
            decision, self._memory = self._decided(pool_seen(contexts.values(), now_s), self._goal())
        except BudgetBusy:
            return
        except Exception:
            logger.exception("the number of replicas stays as it is: the look at the load went wrong")
            self._answer = {}
            return
        changed, self._answer = decision.replicas != self._answer, decision.replicas
        if changed or now_s - self._written_at_s >= WRITE_PERIOD_S:
            self._written_at_s = now_s
            self._writer.submit(self._write, decision, self._memory, Decided(now_s, decision) if changed else None)

    def _decided(self, seen: PoolSeen, goal: ScalingGoal) -> tuple[ScalingDecision, PoolMemory]:
        """The step; where a budget is shared, no other fleet decides meanwhile."""
        if goal.budget is None:
            return pool_step(seen, goal, self._policy, self._prior, self._memory)
        own = self._path.parent.name
        with BudgetFile(self._path, goal.budget.name).held() as claims:
            told = fresh(claims, seen.now_s)
            decision, memory = pool_step(
                seen, capped(goal, goal.budget, own, told), self._policy, self._prior, self._memory
            )
            claims.clear()
            claims.update({**told, own: claim_of(decision, seen, self._prior)})
        return decision, memory

    def _goal(self) -> ScalingGoal:
        """As it stands now; one that cannot be read leaves the one before."""
        try:
            return self._goals.read()
        except (OSError, ValueError) as error:
            logger.warning("the goal of scaling cannot be read: %s", error)
            return self._goals.last

    def _write(self, decision: ScalingDecision, memory: PoolMemory, decided: Decided | None) -> None:
        try:
            write_scaling(self._path, decision, memory)
            if decided is not None:
                log_decision(decisions_path(self._path), decided)
        except OSError as error:
            logger.warning("what scaling has learned cannot be written to %s: %s", self._path, error)

    def _remembered(self) -> PoolMemory | None:
        try:
            return read_memory(self._path)
        except ValueError as error:
            logger.warning("what scaling had learned is dropped: %s", error)
            return None
