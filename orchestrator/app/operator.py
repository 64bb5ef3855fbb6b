"""The operator's loop: one fleet after another, since all of them share the GPUs of one cluster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from orchestrator.app.operator_ports import SharedCluster
from orchestrator.app.reconcile import Outcome, Reconciler
from orchestrator.app.work_queue import WorkQueue
from orchestrator.core.qwen_fleet.kind import Key, key_of

SETTLE_S = 5.0  # after something changed that all fleets stand on: a node seldom comes alone
OWN_SETTLE_S = 0.1  # after something of one fleet changed


class Operator:
    """`queue` has a fleet's key, or None for all fleets."""

    def __init__(
        self,
        cluster: SharedCluster,
        reconciler: Reconciler,
        queue: WorkQueue[Key | None],
        say: Callable[[str], None],
    ) -> None:
        self._cluster, self._reconciler, self._queue, self._say = cluster, reconciler, queue, say
        self.outcomes: Counter[str] = Counter()

    def run(self) -> None:
        """Until the queue ends; the oldest fleets are planned first."""
        self._queue.add(None)
        for key in self._queue:
            if key is None:
                self._add_all()
            else:
                self._one(key)

    def add_failing_too(self) -> None:
        """What stood in the way of all fleets is gone, so that none waits for its next try."""
        for fleet in self._cluster.fleets():
            self._queue.add(key_of(fleet))

    def _add_all(self) -> None:
        for fleet in self._cluster.fleets():
            if not self._queue.is_failing(key_of(fleet)):
                self._queue.add(key_of(fleet))

    def _one(self, key: Key) -> None:
        """Whatever goes wrong with one fleet, the others are looked after."""
        try:
            outcome = self._reconciler.reconcile(key)
        except Exception as error:
            self._say(f"{key}: qorch itself failed: {type(error).__name__}: {error}")
            outcome = Outcome(failed=True)
        self.outcomes["failed" if outcome.failed else "well"] += 1
        if outcome.failed:
            self._say(f"{key}: tried again in {self._queue.retry(key):.0f} s")
            return
        self._queue.done(key)
        if outcome.again_s is not None:
            self._queue.add(key, outcome.again_s)


def changed(queue: WorkQueue[Key | None], settle_s: float) -> Callable[[Key | None], None]:
    """What to call when a fleet's own objects changed, or with None: what all of them stand on."""
    return lambda key: queue.add(key, settle_s if key is None else min(settle_s, OWN_SETTLE_S))
