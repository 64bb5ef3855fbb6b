"""Two ways to serve one checkpoint by vLLM, for `bench.serve_llm`: qorch's fleet, and Ray's `ray.serve.llm`."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil

from bench.crash import answers
from bench.fleet import BenchFleet, fleet
from bench.haproxy import haproxy
from bench.vllm import PROFILE
from orchestrator.adapters.engines.vllm_install import vllm_install
from orchestrator.adapters.files import write_private
from orchestrator.adapters.fleet_files import FleetFiles
from orchestrator.adapters.owned_processes import MARK, Owner
from orchestrator.adapters.ports import free_ports
from orchestrator.adapters.ray_head import make_private_folder, ray_folder
from orchestrator.core.engine_spec import EngineSpec

APP = "bench.serve_llm_app"
START_TIMEOUT_S = 600.0  # a loaded machine takes minutes
DIRECT = {"RAY_SERVE_LLM_ENABLE_DIRECT_STREAMING": "1"}  # HAProxy fetches each stream from the replica
ENGINE_TITLE = "VLLM::"  # vLLM gives it to its engine core and its workers


@dataclass(frozen=True)
class Way:
    """One that is up: where it answers, its processes, its replica's title, and seconds to its first answer."""

    name: str
    port: int
    start_s: float
    replica_title: str
    processes: Callable[[], list[psutil.Process]]

    def engine(self) -> list[psutil.Process]:
        return [process for process in self.processes() if title(process).startswith(ENGINE_TITLE)]

    def rest(self) -> list[psutil.Process]:
        return [process for process in self.processes() if not title(process).startswith(ENGINE_TITLE)]

    def titled(self, part: str) -> psutil.Process:
        return next(process for process in self.processes() if part in title(process))


def title(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""


@contextlib.contextmanager
def qorch() -> Iterator[tuple[Way, EngineSpec]]:
    """The way, and how it starts its engine."""
    begin_s = time.perf_counter()
    with fleet(*PROFILE) as up:
        start_s = time.perf_counter() - begin_s
        yield Way("qorch", up.port, start_s, "ServeReplica:qorch:demo", up.processes), _spec(up)


def _spec(up: BenchFleet) -> EngineSpec:
    record = FleetFiles(up.home / "state", "default").read()
    assert record is not None
    assert record.deployed is not None
    return record.deployed.variants[0].engine


@contextlib.contextmanager
def serve_llm(name: str, spec: EngineSpec, interval_ms: float | None = None, direct: bool = False) -> Iterator[Way]:
    """Ray of its own with the application that `ray.serve.llm` builds."""
    with tempfile.TemporaryDirectory() as home, contextlib.ExitStack() as stack:
        owner, (port,) = Owner(home, ray_folder(home)), free_ports(1)
        make_private_folder(owner.folder)
        stack.callback(shutil.rmtree, owner.folder, ignore_errors=True)
        stack.callback(owner.end_all)
        asked = {"words": spec.arguments, "interval_ms": interval_ms, "port": port, "ray_folder": str(owner.folder)}
        begin_s = time.perf_counter()
        streaming = {**DIRECT, **haproxy(owner.folder)} if direct else {}
        driver = _driver(Path(home), asked, {**dict(spec.environment), **streaming})
        _until_it_answers(driver, port, Path(home) / "log")
        start_s = time.perf_counter() - begin_s
        yield Way(name, port, start_s, "LLMServer:", partial(_all_but, driver.pid, owner))


def _all_but(pid: int, owner: Owner) -> list[psutil.Process]:
    """The driver could go when the application is up, so it is not counted."""
    return [process for process in owner.processes() if process.pid != pid]


def _driver(home: Path, asked: Mapping[str, object], settings: Mapping[str, str]) -> subprocess.Popen[str]:
    """Ray's driver, with its log and its token in `home`."""
    write_private(home / "token", secrets.token_hex(32))
    environment = {
        **os.environ, **settings, MARK: str(home), "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(home / "token"),
    }  # fmt: skip
    with (home / "log").open("w") as log:
        command = (vllm_install().python, "-m", APP)
        driver = subprocess.Popen(command, env=environment, text=True, stdin=subprocess.PIPE, stdout=log, stderr=log)
    assert driver.stdin is not None
    driver.stdin.write(json.dumps(asked) + "\n")
    driver.stdin.flush()
    return driver


def _until_it_answers(driver: subprocess.Popen[str], port: int, log: Path) -> None:
    deadline_s = time.perf_counter() + START_TIMEOUT_S
    while not answers(port):
        if driver.poll() is not None or time.perf_counter() > deadline_s:
            sys.exit(f"{APP} did not start:\n{log.read_text()[-3000:]}")
        time.sleep(0.2)
