"""The NVIDIA GPUs of this host, again and again: one child process that goes on, started anew when it hangs."""

from __future__ import annotations

import subprocess
import threading
import time

from orchestrator.adapters.gpu_probe import TIMEOUT_S, decode, end, start, why_ended
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.inventory import Gpu

PATIENCE_S = 5.0  # without a line
RETRY_S = 10.0


class GpuWatch:
    """`read` answers at once with what was read last; nobody waits for a driver."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._child: subprocess.Popen[str] | None = None
        self._started_s = 0.0
        self.gpus: tuple[Gpu, ...] = ()
        self.read_s: float | None = None  # monotonic
        self.error: str | None = None
        self.absent = False  # no driver, so no GPU

    def read(self) -> tuple[Gpu, ...]:
        """What was read last; `error` says what keeps it from being of now."""
        now_s = time.monotonic()
        if self._silent(now_s):
            self.error = f"NVML has not answered for {PATIENCE_S:g} s"
            self.close()
        if self._child is None and not self.absent and (not self._started_s or now_s - self._started_s > RETRY_S):
            self._start(now_s)
        return self.gpus

    def close(self) -> None:
        if self._child is not None:
            end(self._child)
            self._child = None

    def _silent(self, now_s: float) -> bool:
        heard_s = max(self._started_s, self.read_s or 0.0)
        return self._child is not None and not self.absent and now_s - heard_s > PATIENCE_S + self._every_s

    def _start(self, now_s: float) -> None:
        self._started_s = now_s
        self._child = start(TIMEOUT_S, self._every_s)
        threading.Thread(target=self._follow, args=(self._child,), name="qorch-gpus", daemon=True).start()

    def _follow(self, child: subprocess.Popen[str]) -> None:
        """Take line after line, until the child ends or is ended."""
        assert child.stdout is not None
        assert child.stderr is not None
        try:
            for line in child.stdout:
                driver, self.gpus = decode(line)
                self.read_s, self.error, self.absent = time.monotonic(), None, driver.absent is not None
                if self.absent:
                    end(child)
                    return
            if child is self._child:
                self.error = why_ended(child.wait(), child.stderr.read())
                self._child = None
        except (EnvironmentNotReady, ValueError) as wrong:
            self.error = str(wrong)
