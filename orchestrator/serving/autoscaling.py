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

from orchestrator.adapters.decision_log import log_decision
from orchestrator.adapters.scaling_file import decisions_path, read_memory, write_scaling
from orchestrator.core.fleet import Decided
from orchestrator.core.scaling.decision import ScalingDecision
from orchestrator.core.scaling.memory_data import from_data
from orchestrator.core.scaling.policy import ScalingPolicy
from orchestrator.core.scaling.pool import pool_step
from orchestrator.core.scaling.pool_memory import PoolMemory
from orchestrator.core.scaling.prior import PoolPrior
from orchestrator.serving.told import goal_told, pool_seen

logger = logging.getLogger("ray.serve")

LOOK_PERIOD_S = 0.5
WRITE_PERIOD_S = 5.0  # where nothing was decided anew

Counts = dict[Any, int]


class PoolPolicy:
    """Decides twice a second for all variants together; a look that goes wrong changes nothing."""

    def __init__(self, path: str, policy: dict[str, Any], prior: dict[str, Any]) -> None:
        self._path = Path(path)
        self._policy = ScalingPolicy(**policy)
        self._prior: PoolPrior = from_data(PoolPrior, prior)
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
            seen, goal = pool_seen(contexts.values(), now_s), goal_told(contexts.values())
            decision, self._memory = pool_step(seen, goal, self._policy, self._prior, self._memory)
        except Exception:
            logger.exception("the number of replicas stays as it is: the look at the load went wrong")
            self._answer = {}
            return
        changed, self._answer = decision.replicas != self._answer, decision.replicas
        if changed or now_s - self._written_at_s >= WRITE_PERIOD_S:
            self._written_at_s = now_s
            self._writer.submit(self._write, decision, self._memory, Decided(now_s, decision) if changed else None)

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
