"""llama.cpp as an engine: its server in a child process, spoken to over loopback HTTP."""

from __future__ import annotations

import contextlib
from math import isfinite
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from orchestrator.adapters.engines.process import EngineProcess
from orchestrator.app.ports import EngineLoadSample
from orchestrator.core.engine_spec import EngineSpec
from orchestrator.core.errors import DeployFailed

HOST = "127.0.0.1"
SERVER_MODULE = "orchestrator.adapters.engines.llama_cpp_server"
PROBE_TIMEOUT_S = 60.0
VERBOSITY = 3  # what it loads and what goes wrong; 4 tells its buffers, and several lines a request
METRICS = {
    "llamacpp:requests_processing": "num_requests_running",
    "llamacpp:requests_deferred": "num_requests_waiting",
    "llamacpp:prompt_tokens_total": "prompt_tokens_total",
    "llamacpp:tokens_predicted_total": "generation_tokens_total",
    "llamacpp:tokens_predicted_seconds_total": "generation_s_total",
}


class LlamaCppEngine:
    """One llama.cpp server; `start` returns when it has answered a real completion."""

    def __init__(self, spec: EngineSpec, log_path: Path) -> None:
        self._spec = spec
        self._log_path = log_path
        self._process: EngineProcess | None = None
        self._client = httpx.AsyncClient(timeout=2.0)
        self.port = 0

    async def start(self) -> None:
        """Raises DeployFailed, with the engine's last log lines, when it does not come up."""
        self._process = await EngineProcess.start(SERVER_MODULE, self._arguments(), self._log_path)
        announcement = await self._process.announcement()
        self.port = urlsplit(announcement["address"]).port or 0
        await self._probe()

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
        try:
            (await self._client.get(self._url("/health"))).raise_for_status()
        except httpx.HTTPError as error:
            raise DeployFailed(f"the engine does not answer: {type(error).__name__}") from error

    async def load(self) -> EngineLoadSample:
        """The engine's own counters; raises httpx.HTTPError when it does not answer. Keeps its log short, too."""
        self._started().cap_log()
        text = (await self._client.get(self._url("/metrics"))).raise_for_status().text
        return _sample(_numbers(text))

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

    async def _probe(self) -> None:
        probe = {"prompt": "ready", "max_tokens": 1}
        try:
            answer = await self._client.post(self._url("/v1/completions"), json=probe, timeout=PROBE_TIMEOUT_S)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            process = self._started()
            if not process.alive:
                raise process.death("died on its first completion") from error
            raise DeployFailed(f"the engine did not answer its first completion: {error}") from error

    def _started(self) -> EngineProcess:
        if self._process is None:
            raise DeployFailed("the engine was not started")
        return self._process

    def _url(self, path: str) -> str:
        return f"http://{HOST}:{self.port}{path}"

    def _arguments(self) -> dict[str, object]:
        spec = self._spec
        return {
            "model_path": spec.model_path,
            "mmproj_path": spec.mmproj_path,
            "served_model_names": list(spec.served_model_names),
            "host": HOST,
            "max_num_seqs": spec.max_num_seqs,
            "max_model_len": spec.max_model_len,
            "total_context_tokens": spec.max_model_len * spec.max_num_seqs,
            "threads": spec.threads,
            "prompt_cache_mib": spec.prompt_cache_mib,
            "context_checkpoints": spec.context_checkpoints,
            "verbosity": VERBOSITY,
        }


def _sample(numbers: dict[str, float]) -> EngineLoadSample:
    """Counts are whole numbers, seconds are not."""
    seconds = numbers.pop("generation_s_total")
    return EngineLoadSample(generation_s_total=seconds, **{name: int(value) for name, value in numbers.items()})


def _numbers(text: str) -> dict[str, float]:
    """The counters that `METRICS` names, from Prometheus text; those that are missing or not finite are 0."""
    found = dict.fromkeys(METRICS.values(), 0.0)
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        if name in METRICS:
            with contextlib.suppress(ValueError):
                found[METRICS[name]] = _finite(value)
    return found


def _finite(value: str) -> float:
    """Raises ValueError for what is no number."""
    number = float(value)
    return number if isfinite(number) else 0.0
