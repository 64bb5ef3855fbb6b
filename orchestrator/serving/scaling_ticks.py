"""When the policy looks at its pool: its controller calls ten times a second, and does nothing else meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import thread_time
from typing import Any

from orchestrator.core.scaling.parts import Parts

LOOK_PERIOD_S = 0.5
MOST_LOOK_PERIOD_S = 10.0
MOST_SHARE = 0.005  # of the controller's time: where looks take long, there are fewer
MOST_REPLICAS = 1000  # read or followed in one tick, which takes some 2 ms

Contexts = Mapping[Any, Any]  # Ray Serve's, by deployment


class ScalingTicks:
    """One look after another: each in as many ticks as it takes, and the next when its share of the time lets it."""

    def __init__(self, look: Callable[[Contexts, float], Parts[None]]) -> None:
        self._look = look
        self._looking: Parts[None] | None = None
        self._began_at_s = float("-inf")
        self._period_s = LOOK_PERIOD_S
        self._used_s, self._before_s = 0.0, 0.0  # by this look, and by the one before

    def tick(self, contexts: Contexts, now_s: float) -> None:
        """Go on with a look, or begin one that is due: it is of the contexts that it began with."""
        if self._looking is None and not 0 <= now_s - self._began_at_s < self._period_s:
            self._looking, self._began_at_s, self._used_s = self._look(contexts, now_s), now_s, 0.0
        if self._looking is None:
            return
        begin_s = thread_time()
        ended = _ended(self._looking)
        self._used_s += thread_time() - begin_s
        if ended:
            self._looking = None
            self._keep_share()

    def _keep_share(self) -> None:
        """By the shorter of the last two looks, since one may take long by accident."""
        usual_s, self._before_s = min(self._used_s, self._before_s), self._used_s
        self._period_s = min(max(LOOK_PERIOD_S, usual_s / MOST_SHARE), MOST_LOOK_PERIOD_S)


def _ended(looking: Parts[None]) -> bool:
    """Whether it has, after as much as one tick has time for."""
    replicas = 0
    for part in looking:
        replicas += part
        if replicas >= MOST_REPLICAS:
            return False
    return True
