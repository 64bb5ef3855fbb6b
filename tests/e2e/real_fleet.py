"""Drives the `qorch` command and looks at what it leaves on the machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil

from orchestrator.adapters.owned_processes import Owner
from orchestrator.adapters.ports import free_ports
from orchestrator.adapters.ray_head import ray_folder

QORCH = (sys.executable, "-m", "orchestrator.cli")
PATIENCE_S = 60.0


class RealFleet:
    """A fleet whose files are all below `home`, on a free port."""

    def __init__(self, home: Path, name: str = "default") -> None:
        self.home = home
        self.name = name
        self.port = free_ports(1)[0]
        self.env = {**os.environ, "QORCH_HOME": str(home), "QORCH_FLEET": name, "HF_HUB_OFFLINE": "1"}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def mark(self) -> str:
        return str(self.home / "state" / self.name)

    def up(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        done = self.qorch("up", "--profile", "auto", "--port", str(self.port), *arguments)
        assert done.returncode == 0, done.stderr
        return done

    def qorch(self, *arguments: str, timeout_s: float = 240) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            (*QORCH, *arguments), env=self.env, capture_output=True, text=True, timeout=timeout_s, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """A command that is not waited for."""
        return subprocess.Popen(
            (*QORCH, *arguments), env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def status(self) -> dict[str, Any]:
        done = self.qorch("status", "-o", "json")
        assert done.returncode == 0, done.stderr
        data: dict[str, Any] = json.loads(done.stdout)
        return data

    def engines(self) -> list[dict[str, Any]]:
        return [replica for replica in self.status()["replicas"] if replica["deployment"] != "gateway"]

    def processes(self) -> list[psutil.Process]:
        return Owner(self.mark, ray_folder(self.mark)).processes()

    def complete(self, **fields: Any) -> httpx.Response:
        body = {"model": "demo", "prompt": "hello", "max_tokens": 4, **fields}
        return httpx.post(f"{self.url}/v1/completions", json=body, timeout=30)

    def until(self, so: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
        """Wait until something is so; fails with the last status when it never is."""
        deadline_s = time.monotonic() + patience_s
        while time.monotonic() < deadline_s:
            if so():
                return
            time.sleep(0.2)
        raise AssertionError(f"not within {patience_s:g} s: {what}\n{self.qorch('status', '-o', 'wide').stdout}")

    def until_ready(self, patience_s: float = PATIENCE_S) -> None:
        self.until(lambda: self.status()["phase"] == "Ready", "the fleet is ready", patience_s)
