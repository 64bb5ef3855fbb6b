"""One engine replica: owns an engine's process, tells Ray Serve how it is, and drains before it goes."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ray import serve

from orchestrator.app.ports import Engine, EngineLoadSample
from orchestrator.core.engine_spec import engine_spec_from_data
from orchestrator.core.errors import DeployFailed
from orchestrator.core.progress import Progress
from orchestrator.core.scaling.seen import ReplicaSample
from orchestrator.core.start_steps import GPUS
from orchestrator.serving.engines import engine_version, make_engine
from orchestrator.serving.gpu_place import take_gpus
from orchestrator.serving.node_binding import at_node, bind_to_node
from orchestrator.serving.own_gpus import OwnGpus
from orchestrator.serving.replica_status import ReplicaStatus, status_data

SAMPLE_PERIOD_S = 1.0
FORGOTTEN_BY_GATEWAYS_S = 1.5
NOTHING = EngineLoadSample(0, 0, 0, 0, 0.0)


class EngineReplica:
    """Ray Serve runs one of these per replica; requests go past it, straight to the engine's own HTTP server."""

    async def __init__(self, spec: dict[str, Any]) -> None:  # type: ignore[misc]  # Ray Serve awaits it
        bind_to_node()
        self._spec = at_node(engine_spec_from_data(spec))
        context = serve.get_replica_context()
        self._replica_id, self._deployment = context.replica_id.unique_id, context.deployment
        self._failure: DeployFailed | None = None
        self._sample = NOTHING
        self._devices: tuple[str, ...] = ()
        self._gpus = OwnGpus(self._spec, SAMPLE_PERIOD_S)
        self._steps: dict[str, float] = {}  # of the start, before the engine's own
        self._progress = Progress(0, time.monotonic())
        self._started_at_s = time.time()
        started_s = time.monotonic()
        self._engine: Engine = await self._start()
        self._ready_s = time.monotonic()
        self._load_s = self._ready_s - started_s
        self._revision = f"{self._spec.profile}, {self._spec.engine} {engine_version(self._spec.engine)}".rstrip()
        self._sampled_s = 0.0
        self._watcher = asyncio.ensure_future(self._watch())
        self._sampler = asyncio.ensure_future(self._keep_sampling())

    def describe(self) -> dict[str, Any]:
        """This replica's status, for the gateways."""
        return status_data(self._status())

    def record_autoscaling_stats(self) -> dict[str, float]:
        """For the autoscaling policy; Ray Serve gives up for good on one whose first answer is not all numbers."""
        return {name: float(value) for name, value in self._autoscaling_sample()._asdict().items()}

    async def check_health(self) -> None:
        """Ray Serve replaces this replica when this raises."""
        if self._failure is not None:
            raise self._failure
        await self._engine.check()
        if self._progress.stalled(time.monotonic(), self._spec.stall_s):
            raise DeployFailed(f"the engine has work and has counted no token for {self._spec.stall_s:g} s")

    async def __del__(self) -> None:
        """Wait until the gateways look elsewhere and the engine is idle; Ray Serve bounds how long."""
        if not self._engine.alive:
            return
        await asyncio.sleep(FORGOTTEN_BY_GATEWAYS_S)
        while self._engine.alive and not await self._idle():
            await asyncio.sleep(0.1)
        self._watcher.cancel()
        self._gpus.close()
        await self._engine.stop()

    async def _start(self) -> Engine:
        try:
            return await self._started()
        except DeployFailed as failure:
            raise RuntimeError(explain(failure)) from None

    async def _started(self) -> Engine:
        """The engine, on GPUs of its own where it needs some."""
        spec, fds = self._spec, tuple[int, ...]()
        if spec.gpu_sets:
            began_s = time.monotonic()
            spec, claim = await take_gpus(spec)
            fds, self._devices = claim.fds, claim.devices
            self._steps = {GPUS: time.monotonic() - began_s}
        engine = make_engine(spec, self._log_path(), fds)
        try:
            await engine.start()
        except DeployFailed:
            await engine.stop()
            raise
        return engine

    async def _watch(self) -> None:
        """Know the moment the engine ends, and keep its last words."""
        await self._engine.wait()
        self._failure = self._engine.death()

    async def _keep_sampling(self) -> None:
        while self._failure is None:
            self._sample = await self._load()
            self._progress = self._progress.after(_busy(self._sample), _tokens(self._sample), time.monotonic())
            await asyncio.sleep(SAMPLE_PERIOD_S)

    async def _load(self) -> EngineLoadSample:
        try:
            load = await self._engine.load()
        except Exception:  # a busy engine answers late: the last figures stand
            return self._sample
        self._sampled_s = time.monotonic() - self._ready_s
        return load

    async def _idle(self) -> bool:
        return not _busy(await self._load())

    def _autoscaling_sample(self) -> ReplicaSample:
        load = self._sample
        return ReplicaSample(
            clock_s=self._sampled_s,
            num_requests_running=load.num_requests_running,
            num_requests_waiting=load.num_requests_waiting,
            prompt_tokens_total=load.prompt_tokens_total,
            generation_tokens_total=load.generation_tokens_total,
            max_num_seqs=self._spec.max_num_seqs,
        )

    def _log_path(self) -> Path:
        return Path(self._spec.log_dir) / self._spec.log_name(self._replica_id)

    def _status(self) -> ReplicaStatus:
        return ReplicaStatus(
            replica_id=self._replica_id,
            deployment=self._deployment,
            host=self._engine.host,
            port=self._engine.port,
            model=self._engine.model,
            engine=self._spec.engine,
            ready=self._failure is None,
            reason=self._failure.message if self._failure else "answers completions",
            replica_pid=os.getpid(),
            engine_pid=self._engine.pid,
            max_num_seqs=self._spec.max_num_seqs,
            max_in_flight=self._spec.max_in_flight,
            started_at_s=self._started_at_s,
            load_s=self._load_s,
            devices=self._devices or self._gpus.uuids,
            gpus=self._gpus.told,
            revision=self._revision,
            start_steps={**self._steps, **self._engine.start_steps},
            **asdict(self._sample),
        )


def _busy(load: EngineLoadSample) -> bool:
    return load.num_requests_running + load.num_requests_waiting > 0


def _tokens(load: EngineLoadSample) -> int:
    return load.prompt_tokens_total + load.generation_tokens_total


def explain(failure: DeployFailed) -> str:
    """A failure as text that survives Ray Serve's status message: the reason, then the last log lines."""
    return "\n".join([f"qorch: {failure.message}", *(f"  | {line}" for line in failure.log_lines)])
