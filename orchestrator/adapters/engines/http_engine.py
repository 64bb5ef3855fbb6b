"""What all engines have in common: a server in a child process, spoken to over HTTP, where the spec says."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx

from orchestrator.adapters.engines.process import EngineProcess, Launch, last_lines
from orchestrator.adapters.engines.prometheus_text import totals
from orchestrator.app.ports import PROBE_PROMPT, EngineLoadSample
from orchestrator.core.engine_spec import EngineSpec
from orchestrator.core.errors import DeployFailed
from orchestrator.core.start_steps import FIRST_COMPLETION, Steps, load_steps

ANSWER_TIMEOUT_S = 2.0
POLL_S = 0.1
START_LINES = 1_000  # of a log, in which its start is told
PROBE_TIMEOUT_S = 120.0  # of the first completion, which may compile


class HttpEngine(ABC):
    """One engine's server; `start` returns when it has answered a real completion.

    `inherited_fds` stay open in the server as long as it lives: locks on what it uses.
    """

    metrics: Mapping[str, str]  # its own counters, by the names of `EngineLoadSample`
    health_path = "/health"
    model = ""

    def __init__(self, spec: EngineSpec, log_path: Path, inherited_fds: Sequence[int] = ()) -> None:
        self._spec = spec
        self._log_path = log_path
        self._inherited_fds = inherited_fds
        self._process: EngineProcess | None = None
        self._client = httpx.AsyncClient(timeout=ANSWER_TIMEOUT_S, trust_env=False)  # past any proxy
        self.host, self.port = spec.host, spec.port
        self.start_steps: Steps = {}

    async def start(self) -> None:
        """Raises DeployFailed, with the engine's last log lines, when it does not come up."""
        began_s = time.monotonic()
        await self._come_up()
        up_s = time.monotonic()
        await self._probe()
        loading = load_steps(self._spec.engine, up_s - began_s, last_lines(self._log_path, START_LINES))
        self.start_steps = {**loading, FIRST_COMPLETION: time.monotonic() - up_s}

    @abstractmethod
    async def _come_up(self) -> None:
        """Start the process and wait until it serves on `port`."""

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.alive

    async def check(self) -> None:
        """Raises DeployFailed when the process is gone or its server does not answer."""
        process = self._started()
        if not process.alive:
            raise process.death()
        await self._check_answer()

    async def _check_answer(self) -> None:
        try:
            (await self._client.get(self._url(self.health_path))).raise_for_status()
        except httpx.HTTPError as error:
            raise DeployFailed(f"the engine does not answer: {type(error).__name__}") from error

    async def load(self) -> EngineLoadSample:
        """The engine's own counters; raises httpx.HTTPError when it does not answer. Keeps its log short, too."""
        self._started().cap_log()
        text = (await self._client.get(self._url("/metrics"))).raise_for_status().text
        return _sample(totals(text, self.metrics))

    async def wait(self) -> None:
        """Return when the engine has ended, whatever the reason."""
        await self._started().wait()

    def death(self) -> DeployFailed:
        """Why the engine ended, with its last log lines."""
        return self._started().death()

    async def stop(self) -> None:
        await self._client.aclose()
        if self._process is not None:
            await self._process.stop()

    async def _run(self, launch: Launch) -> EngineProcess:
        self._process = await EngineProcess.start(launch, self._log_path)
        return self._process

    async def _until_it_answers(self, process: EngineProcess) -> None:
        """Weights may take minutes, so only the process's end is a failure: raises DeployFailed."""
        while not await self._answers():
            if not process.alive:
                await process.wait()
                raise process.death("did not start")
            await asyncio.sleep(POLL_S)

    async def _answers(self) -> bool:
        try:
            return (await self._client.get(self._url(self.health_path))).is_success
        except httpx.HTTPError:
            return False

    async def _probe(self) -> None:
        probe = {"model": self.model or self._spec.served_model_names[0], "prompt": PROBE_PROMPT, "max_tokens": 1}
        try:
            answer = await self._client.post(self._url("/v1/completions"), json=probe, timeout=PROBE_TIMEOUT_S)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            if self._process is not None and not self._process.alive:
                raise self._process.death("died on its first completion") from error
            raise DeployFailed(f"the engine did not answer its first completion: {error}") from error

    def _started(self) -> EngineProcess:
        if self._process is None:
            raise DeployFailed("the engine was not started")
        return self._process

    def _url(self, path: str) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}{path}"


def _sample(numbers: dict[str, float]) -> EngineLoadSample:
    """Counts are whole numbers; seconds and shares are not."""
    seconds, usage = numbers.pop("generation_s_total"), numbers.pop("kv_cache_usage", None)
    counts = {name: int(value) for name, value in numbers.items()}
    return EngineLoadSample(generation_s_total=seconds, kv_cache_usage=usage, **counts)
