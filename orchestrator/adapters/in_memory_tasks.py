"""What replicas of the runtime in memory do when they are asked: a step further with each look at them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from orchestrator.core.by_hand import FINISHES, STANDS_ASIDE, STARTS, ReplicaOrder, Task, Verb, refusal
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.fleet import EngineView


@dataclass(frozen=True)
class HandTask:
    """How far one replica is with what it was asked."""

    task: Task = Task.NONE
    reason: str = ""
    orders: int = 0
    restarts: int = 0
    trouble: str = ""
    new_first: bool = False
    verb: Verb = Verb.RESTART
    gone: bool = False  # it could not begin anew, and another has to come in its place

    @property
    def answers(self) -> bool:
        return not self.gone and (self.task is Task.NONE or self.new_first)

    def begun(self, order: ReplicaOrder) -> HandTask:
        """Raises EnvironmentNotReady where the replica refuses."""
        if refused := refusal(order, self.task):
            raise EnvironmentNotReady(refused)
        first = (Task.RESTARTING, STARTS) if order.new_first else (Task.DRAINING, FINISHES)
        return HandTask(*first, self.orders + 1, self.restarts, new_first=order.new_first, verb=order.verb)

    def further(self, fails_with: str) -> HandTask:
        """After another look; a new engine that `fails_with` something leaves the old one, where that is there."""
        if self.task is Task.DRAINING and self.verb is Verb.DRAIN:
            return replace(self, task=Task.DRAINED, reason=STANDS_ASIDE)
        if self.task is Task.DRAINING:
            return replace(self, task=Task.RESTARTING, reason=STARTS)
        if self.task is not Task.RESTARTING:
            return self
        if fails_with:
            return HandTask(Task.NONE, "", self.orders, self.restarts, fails_with, gone=not self.new_first)
        return HandTask(Task.NONE, "", self.orders, self.restarts + 1)

    def seen(self, engine: EngineView) -> EngineView:
        """The engine as a gateway tells of it."""
        ready = engine.ready and self.answers
        reason = self.trouble if self.gone else self.reason or engine.reason
        return replace(
            engine,
            ready=ready,
            reason=reason,
            task=self.task.value,
            orders_by_hand=self.orders,
            restarts_by_hand=self.restarts,
            trouble_by_hand=self.trouble,
        )
