"""Who of several operators acts: the holder of a Lease (coordination.k8s.io), as client-go elects a leader.

When the lease of another has run out is told by this machine's own clock, from when a change of it was seen: the
clocks of two machines are never compared.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from orchestrator.adapters.kubernetes_api import Conflict, KubernetesApi, Resource
from orchestrator.core.errors import EnvironmentNotReady

LEASES = Resource("leases", "coordination.k8s.io")


@dataclass(frozen=True)
class Times:
    """Seconds; those of client-go."""

    lease_s: float = 15.0  # after which a lease that nobody renewed is anybody's
    deadline_s: float = 10.0  # in which the holder has to have renewed it, or stops
    retry_s: float = 2.0


class Lease:
    """`identity` tells this process from all others; `clock` is monotonic."""

    def __init__(
        self,
        api: KubernetesApi,
        namespace: str,
        name: str,
        identity: str,
        clock: Callable[[], float],
        times: Times | None = None,
    ) -> None:
        self._api, self._namespace, self._name, self.identity = api, namespace, name, identity
        self._clock, self.times = clock, times or Times()
        self._seen: tuple[object, float] = (None, 0.0)  # what the lease said last, and since when
        self._renewed_s: float | None = None
        self.trouble: EnvironmentNotReady | None = None

    @property
    def held(self) -> bool:
        """Whether this process may act now: it renewed the lease not long ago."""
        return self._renewed_s is not None and self._clock() < self._renewed_s + self.times.deadline_s

    def acquire(self, stopped: threading.Event, say: Callable[[str], None]) -> bool:
        """Waits until it is held, and says what stands against it, once; False where `stopped` came first."""
        said = ""
        while not stopped.is_set():
            if self.try_once():
                return True
            if self.trouble is not None and self.trouble.message != said:
                say(said := self.trouble.message)
            stopped.wait(self.times.retry_s)
        return False

    def keep(self, stopped: threading.Event) -> None:
        """Renews it until `stopped`, or until it is lost."""
        while self.held and not stopped.wait(self.times.retry_s):
            self.try_once()

    def try_once(self) -> bool:
        """Take or renew it; whether that went well."""
        asked_s = self._clock()
        try:
            taken = self._try(asked_s)
        except EnvironmentNotReady as refused:
            self.trouble = None if isinstance(refused, Conflict) else refused
            return False
        self.trouble = None
        if taken:
            self._renewed_s = asked_s
        return taken

    def release(self) -> None:
        """So that another need not wait until it has run out."""
        self._renewed_s = None
        try:
            found = self._api.get(LEASES, self._namespace, self._name)
            if found is not None and found["spec"].get("holderIdentity") == self.identity:
                self._api.replace({**found, "spec": {**found["spec"], "holderIdentity": "", "leaseDurationSeconds": 1}})
        except EnvironmentNotReady as refused:
            self.trouble = refused

    def _try(self, asked_s: float) -> bool:
        found = self._api.get(LEASES, self._namespace, self._name)
        if found is None:
            self._api.create(self._object({}))
            return True
        said = found.get("spec") or {}
        if said != self._seen[0]:
            self._seen = (said, asked_s)
        if said.get("holderIdentity") not in ("", None, self.identity) and not self._has_run_out(said, asked_s):
            return False
        self._api.replace({**found, **self._object(said), "metadata": found["metadata"]})
        return True

    def _has_run_out(self, said: Mapping[str, Any], now_s: float) -> bool:
        return now_s >= self._seen[1] + float(said.get("leaseDurationSeconds") or 0)

    def _object(self, before: Mapping[str, Any]) -> dict[str, Any]:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        is_renewal = before.get("holderIdentity") == self.identity
        spec = {
            "holderIdentity": self.identity,
            "leaseDurationSeconds": int(self.times.lease_s) or 1,
            "acquireTime": before["acquireTime"] if is_renewal else now,
            "renewTime": now,
            "leaseTransitions": int(before.get("leaseTransitions") or 0) + (not is_renewal and bool(before)),
        }
        metadata = {"name": self._name, "namespace": self._namespace}
        return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}
