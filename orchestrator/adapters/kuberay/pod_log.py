"""What a container of a pod prints, followed over breaks of the connection without a line twice or lost."""

from __future__ import annotations

import threading
from collections import deque

from orchestrator.adapters.kubernetes_api import KubernetesApi, NotServed, in_a_line
from orchestrator.app.log_port import LogPiece
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.kuberay.logs import Stamp, stamped

FIRST_LINES = 5_000  # of what was printed before
MOST_BYTES = 1 << 20  # that wait to be read; of more only the last
QUIET_S = 20.0  # without a byte, after which it is asked anew: so long a reader that was closed may go on
RETRY_S, LONGEST_S = 2.0, 30.0  # between tries; longer where the server refuses


class PodLog:
    """Satisfies `orchestrator.app.log_port.GrowingLog`: a thread follows, so that who looks waits for nobody."""

    def __init__(
        self, api: KubernetesApi, namespace: str, pod: str, container: str, previous: bool, retry_s: float = RETRY_S
    ) -> None:
        self._api, self._namespace, self._pod = api, namespace, pod
        self._query = {"container": container, "timestamps": "true", "previous" if previous else "follow": "true"}
        self._previous, self._retry_s = previous, retry_s
        self._lock, self._closed = threading.Lock(), threading.Event()
        self._lines: deque[bytes] = deque()
        self._waiting_bytes = self._skipped_bytes = 0
        self._last: Stamp | None = None
        self._trouble: EnvironmentNotReady | None = None
        self._gone = False
        self._thread = threading.Thread(target=self._run, name=f"log of {pod}", daemon=True)
        self._thread.start()

    def read(self) -> LogPiece:
        """Raises EnvironmentNotReady, once for each time that the server refused."""
        with self._lock:
            data, skipped_bytes = b"".join(self._lines), self._skipped_bytes
            trouble, self._trouble = self._trouble, None
            self._lines.clear()
            self._waiting_bytes = self._skipped_bytes = 0
        if trouble is not None and not data:
            raise trouble
        return LogPiece(data, skipped_bytes, gone=self._gone)

    def close(self) -> None:
        self._closed.set()

    def _run(self) -> None:
        wait_s = self._retry_s
        while not self._closed.is_set() and not self._gone:
            try:
                self._follow()
                self._gone, wait_s = self._previous, self._retry_s
            except EnvironmentNotReady as refused:
                self._gone, wait_s = isinstance(refused, NotServed), min(2 * wait_s, LONGEST_S)
                with self._lock:
                    self._trouble = EnvironmentNotReady(in_a_line(refused))
            self._closed.wait(wait_s)

    def _follow(self) -> None:
        """What was not seen yet: the server tells whole seconds, so that some comes again."""
        since = {"sinceTime": self._last.second} if self._last else {"tailLines": str(FIRST_LINES)}
        rest = b""
        for chunk in self._api.log_chunks(self._namespace, self._pod, self._query | since, QUIET_S):
            if self._closed.is_set():
                return
            *lines, rest = (rest + chunk).split(b"\n")
            self._add(lines)
        if self._previous and rest:
            self._add([rest])

    def _add(self, lines: list[bytes]) -> None:
        with self._lock:
            for line in lines:
                stamp, text = stamped(line)
                if stamp is not None and (self._last is None or stamp > self._last):
                    self._last = stamp
                    self._keep(text + b"\n")

    def _keep(self, line: bytes) -> None:
        self._lines.append(line)
        self._waiting_bytes += len(line)
        while self._waiting_bytes > MOST_BYTES:
            dropped = len(self._lines.popleft())
            self._waiting_bytes -= dropped
            self._skipped_bytes += dropped
