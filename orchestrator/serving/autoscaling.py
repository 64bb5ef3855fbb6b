"""The pool's policy as Ray Serve calls it: ten times a second, in its controller, which waits for the answer.

Ray pickles this module by value, gives the policy its arguments, and forgets what it remembers when the controller
ends: so little is here, and what was learned is in a file.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestrator.core.scaling.looks import Look
from orchestrator.core.scaling.policy import ScalingPolicy
from orchestrator.core.scaling.pool import pool_step
from orchestrator.core.scaling.prior import PoolPrior, pool_prior_from_data
from orchestrator.serving.scaling_record import ScalingRecord
from orchestrator.serving.told import pool_seen

logger = logging.getLogger("ray.serve")

LOOK_PERIOD_S = 0.5

Counts = dict[Any, int]


class PoolPolicy:
    """Decides twice a second for all variants together; a look that goes wrong changes nothing."""

    def __init__(self, path: str, policy: dict[str, Any], prior: dict[str, Any]) -> None:
        self._policy = ScalingPolicy(**policy)
        self._prior: PoolPrior = pool_prior_from_data(prior)
        self._record = ScalingRecord(Path(path))
        self._memory = self._record.remembered()
        self._looked_at_s = float("-inf")
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
            seen, before = pool_seen(contexts.values(), now_s), self._memory
            decision, self._memory = pool_step(seen, self._policy, self._prior, before)
            asked = self._answer or {each.name: each.asked for each in seen.variants}
            self._record.add(Look(seen, self._policy, self._prior, decision), before, self._memory, asked)
        except Exception:
            logger.exception("the number of replicas stays as it is: the look at the load went wrong")
            self._answer = {}
            return
        self._answer = decision.replicas
