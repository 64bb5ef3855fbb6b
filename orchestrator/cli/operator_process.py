"""`qorch operator` from its start to its end: stand by until the lease is held, act, and give it back."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from orchestrator.adapters.kubernetes_api import KubernetesApi
from orchestrator.adapters.lease import Lease
from orchestrator.adapters.operator_http import Vitals
from orchestrator.adapters.watched_cluster import WatchedCluster
from orchestrator.app.operator import SETTLE_S, Operator, changed
from orchestrator.app.operator_ports import Planner
from orchestrator.app.reconcile import Reconciler
from orchestrator.app.work_queue import WorkQueue
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.qwen_fleet.kind import Key

TICK_S, END_S = 0.5, 5.0


@dataclass(frozen=True)
class Orders:
    """How an operator works."""

    namespaces: tuple[str, ...]  # empty: all
    image: str  # of pods whose fleet names none
    settle_s: float = SETTLE_S


class OperatorProcess:
    """`lease` None: nobody else acts on this cluster."""

    def __init__(
        self, api: KubernetesApi, planner: Planner, orders: Orders, lease: Lease | None, say: Callable[[str], None]
    ) -> None:
        self._lease, self._say = lease, say
        self._queue: WorkQueue[Key | None] = WorkQueue(time.monotonic)
        self._cluster = WatchedCluster(api, orders.namespaces, changed(self._queue, orders.settle_s), self._leads)
        reconciler = Reconciler(self._cluster, planner, orders.image, time.time, say)
        self._operator = Operator(self._cluster, reconciler, self._queue, say)
        self._worker = threading.Thread(target=self._operator.run, name="reconcile", daemon=True)
        self._told: frozenset[str] = frozenset()
        self._acts = False  # rather than standing by

    def run(self, stopped: threading.Event) -> None:
        """Until `stopped`; raises EnvironmentNotReady where the lease is lost, after which nothing is written."""
        if self._lease is not None:
            self._say(f"waits for the lease as {self._lease.identity}")
            if not self._lease.acquire(stopped, self._say):
                return
            threading.Thread(target=self._lease.keep, args=(stopped,), name="lease", daemon=True).start()
        self._say("leads")
        try:
            self._act(stopped)
        finally:
            self._end()
        if not stopped.is_set():
            raise EnvironmentNotReady("the lease was lost: another operator acts, or the API server cannot be reached")

    def vitals(self) -> Vitals:
        lives = not self._worker.ident or self._worker.is_alive()
        sees = self._cluster.looked and not self._cluster.unseen()
        phases = Counter(str((each.get("status") or {}).get("phase", "Pending")) for each in self._cluster.fleets())
        ready = lives and (sees or not self._acts)
        return Vitals(lives, ready, self._leads(), phases, dict(self._operator.outcomes), len(self._queue))

    def _act(self, stopped: threading.Event) -> None:
        self._acts = True
        self._cluster.start()
        while self._leads() and not stopped.is_set():
            self._tell_unseen()
            if self._cluster.looked and not self._worker.ident:
                self._worker.start()
            stopped.wait(TICK_S)

    def _end(self) -> None:
        self._queue.end()
        self._cluster.stop()
        if self._worker.ident:
            self._worker.join(END_S)
        if self._lease is not None and self._lease.held:
            self._lease.release()
            self._say("gave the lease back")

    def _leads(self) -> bool:
        return self._lease is None or self._lease.held

    def _tell_unseen(self) -> None:
        """What cannot be watched, once; what can be again is acted on at once."""
        unseen = frozenset(trouble.text for trouble in self._cluster.unseen())
        for text in sorted(unseen - self._told):
            self._say(text)
        if self._told - unseen:
            self._operator.add_failing_too()
        self._told = unseen
