"""The NVIDIA GPUs of this host, again and again: one child process that goes on, started anew when it hangs."""

from __future__ import annotations

import subprocess
import threading
import time

from orchestrator.adapters.gpu_probe import TIMEOUT_S, decode, end, kill, start, why_ended
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.inventory import Gpu

PATIENCE_S = 5.0  # without a line
RETRY_S = 10.0


class GpuWatch:
    """`read` answers at once with what was read last; nobody waits for a driver. Several may read, from any thread."""

    def __init__(self, every_s: float, patience_s: float = PATIENCE_S, retry_s: float = RETRY_S) -> None:
        self._every_s = every_s
        self._patience_s = patience_s + every_s
        self._retry_s = retry_s
        self._child: subprocess.Popen[str] | None = None
        self._started_s: float | None = None  # monotonic
        self._heard_s = 0.0
        self._gpus: tuple[Gpu, ...] = ()
        self._absent = False  # no driver, so no GPU
        self.error: str | None = None
        self._lock = threading.Lock()

    @property
    def asked(self) -> bool:
        """Whether there is something to say: GPUs were read, or there is a driver that keeps them from being."""
        return bool(self._gpus) or self.error is not None

    def read(self) -> tuple[Gpu, ...]:
        """What was read last; `error` says what keeps it from being of now."""
        with self._lock:
            self._keep_going()
        return self._gpus

    def _keep_going(self) -> None:
        now_s = time.monotonic()
        if self._child is not None and now_s - self._heard_s > self._patience_s:
            self.error = f"NVML has not answered for {self._patience_s:g} s"
            self.close()
        if self._child is None and not self._absent and self._due(now_s):
            self._start(now_s)

    def close(self) -> None:
        """The thread that reads from the child takes it in: one that is stuck in the kernel keeps only that thread."""
        child, self._child = self._child, None
        if child is not None:
            kill(child)

    def _due(self, now_s: float) -> bool:
        return self._started_s is None or now_s - self._started_s > self._retry_s

    def _start(self, now_s: float) -> None:
        self._started_s = self._heard_s = now_s
        self._child = start(TIMEOUT_S, self._every_s)
        threading.Thread(target=self._follow, args=(self._child,), name="qorch-gpus", daemon=True).start()

    def _follow(self, child: subprocess.Popen[str]) -> None:
        """Take line after line, until the child ends or is ended."""
        try:
            trouble = self._take_all(child)
        except (EnvironmentNotReady, ValueError) as wrong:
            trouble = str(wrong)
        if child is self._child:
            self._child, self.error = None, trouble
        end(child)

    def _take_all(self, child: subprocess.Popen[str]) -> str | None:
        """Why there is no further line; None where there is no driver."""
        assert child.stdout is not None
        assert child.stderr is not None
        for line in child.stdout:
            driver, gpus = decode(line)
            if child is not self._child:
                return None
            self._gpus, self._heard_s, self.error = gpus, time.monotonic(), None
            if driver.absent is not None:
                self._absent = True
                return None
        return why_ended(child.wait(), child.stderr.read())
