"""A fleet, an engine alone, and Ray with a trivial application: what the measurements compare."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from orchestrator.adapters.demo_model import make_demo_gguf
from orchestrator.adapters.owned_processes import Owner
from orchestrator.adapters.ports import free_ports
from orchestrator.adapters.ray_head import RayHead, RayPorts, ray_folder

QORCH = (sys.executable, "-m", "orchestrator.cli")
ENGINE = (sys.executable, "-m", "orchestrator.adapters.engines.llama_cpp_server")
SLOTS = 32
CONTEXT = 4096


def cpu_s(processes: Sequence[psutil.Process]) -> float:
    """Seconds of a core that these have taken since they began; raises psutil.NoSuchProcess for one that ended."""
    return sum(sum(process.cpu_times()[:2]) for process in processes)


@dataclass(frozen=True)
class BenchFleet:
    """A fleet that is up, with all its files below `home`."""

    home: Path
    port: int

    def qorch(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "QORCH_HOME": str(self.home), "HF_HUB_OFFLINE": "1"}
        return subprocess.run((*QORCH, *arguments), env=environment, capture_output=True, text=True, check=True)

    def up(self, *profile: str) -> None:
        wish = (*profile, "--context", str(CONTEXT), "--concurrency", str(SLOTS))
        self.qorch("up", "--yes", "--port", str(self.port), *wish)

    def down(self) -> None:
        """Nothing happens where it is down."""
        if (self.home / "state" / "default").exists():
            self.qorch("down")

    def processes(self) -> list[psutil.Process]:
        mark = str(self.home / "state" / "default")
        return Owner(mark, ray_folder(mark)).processes()

    def engine(self) -> dict[str, Any]:
        """The one engine as the gateway tells of it."""
        replicas = json.loads(self.qorch("status", "-o", "json").stdout)["replicas"]
        found: dict[str, Any] = next(replica["engine"] for replica in replicas if replica["deployment"] != "gateway")
        return found


@contextlib.contextmanager
def fleet(*profile: str) -> Iterator[BenchFleet]:
    """The demo on llama.cpp, or what is asked for in its place."""
    with tempfile.TemporaryDirectory() as home:
        made = BenchFleet(Path(home), free_ports(1)[0])
        made.up(*(profile or ("--profile", "demo-gguf")))
        try:
            yield made
        finally:
            made.down()


@contextlib.contextmanager
def engine_alone(folder: Path, slots: int = SLOTS) -> Iterator[int]:
    """A llama.cpp server as qorch starts it, and its port."""
    arguments = {
        "model_path": str(make_demo_gguf(folder)), "mmproj_path": None, "served_model_names": ["demo"],
        "host": "127.0.0.1", "max_num_seqs": slots, "max_model_len": CONTEXT,
        "port": 0, "total_context_tokens": CONTEXT * slots, "threads": 1, "prompt_cache_mib": 0,
        "context_checkpoints": 1, "verbosity": 3,
    }  # fmt: skip
    with subprocess.Popen(ENGINE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write((json.dumps(arguments) + "\n").encode())
        process.stdin.flush()
        yield urlsplit(json.loads(process.stdout.readline())["address"]).port or 0
        process.stdin.close()


class _Head(RayHead):
    """A head with settings of its own."""

    def __init__(self, fleet_id: str, token_path: Path, settings: dict[str, str]) -> None:
        super().__init__(fleet_id, token_path)
        self._settings = settings

    def _environment(self, ports: RayPorts) -> dict[str, str]:
        return super()._environment(ports) | self._settings


@contextlib.contextmanager
def ray_head(folder: Path, **environment: str) -> Iterator[tuple[RayHead, RayPorts, dict[str, str]]]:
    """A Ray head as qorch starts it, its ports, and the environment in which a driver finds it."""
    head = _Head(str(folder), folder / "token", environment)
    ports = head.start(num_cpus=2, num_gpus=0)
    driver = {
        **os.environ, "RAY_ADDRESS": f"127.0.0.1:{ports.gcs}", "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(folder / "token"), "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        "QORCH_FLEET_ID": str(folder),
    }  # fmt: skip
    try:
        yield head, ports, driver
    finally:
        head.stop()
