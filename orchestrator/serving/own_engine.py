"""One engine of a replica and the GPUs that it has: started, watched, sampled, and drained before it is stopped."""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import replace
from pathlib import Path

from orchestrator.adapters.gpu_claims import Claim
from orchestrator.app.ports import Engine, EngineLoadSample
from orchestrator.core.engine_spec import EngineSpec
from orchestrator.core.errors import DeployFailed
from orchestrator.core.progress import Progress
from orchestrator.core.start_steps import GPUS, Steps
from orchestrator.serving.engines import make_engine
from orchestrator.serving.gpu_place import take_gpus

SAMPLE_PERIOD_S = 1.0
IDLE_PERIOD_S = 0.1
FORGOTTEN_BY_GATEWAYS_S = 1.5
NOTHING = EngineLoadSample(0, 0, 0, 0, 0.0)


class OwnEngine:
    """An engine that answers, until it is stopped; `failure` says why where it ended of itself."""

    def __init__(self, engine: Engine, claim: Claim | None, stall_s: float | None) -> None:
        self.engine = engine
        self.devices = claim.devices if claim else ()
        self.failure: DeployFailed | None = None
        self.leaving = self.stopped = False
        self.sample = NOTHING
        self.sampled_s = time.monotonic()
        self.load_s = self.placing_s = 0.0
        self._claim = claim
        self._stall_s = stall_s
        self._progress = Progress(0, self.sampled_s)
        self._watchers = [asyncio.ensure_future(each) for each in (self._watch(), self._keep_sampling())]

    @classmethod
    async def started(cls, spec: EngineSpec, log_path: Path) -> OwnEngine:
        """An engine that is ready, on GPUs of its own where it needs some; raises DeployFailed."""
        began_s, claim = time.monotonic(), None
        if spec.gpu_sets:
            spec, claim = await take_gpus(spec)
        placed_s = time.monotonic()
        engine = make_engine(spec, log_path, claim.fds if claim else ())
        try:
            await engine.start()
        except BaseException:
            await engine.stop()
            if claim:
                claim.release()
            raise
        own = cls(engine, claim, spec.stall_s)
        own.load_s = time.monotonic() - began_s
        own.placing_s = placed_s - began_s
        return own

    @property
    def start_steps(self) -> Steps:
        return {**({GPUS: self.placing_s} if self.devices else {}), **self.engine.start_steps}

    @property
    def takes_requests(self) -> bool:
        return self.failure is None and not self.leaving

    async def check(self) -> None:
        """Raises DeployFailed for an engine that has ended, does not answer, or does not get on with its work."""
        if self.failure is not None:
            raise self.failure
        if self.stopped or (self.leaving and not self.engine.alive):
            return
        await self.engine.check()
        if self._progress.stalled(time.monotonic(), self._stall_s):
            raise DeployFailed(f"the engine has work and has counted no token for {self._stall_s:g} s")

    async def drain(self, limit_s: float = math.inf) -> int:
        """Wait until the gateways look elsewhere and it is idle; how many requests it has still after `limit_s`."""
        self.leaving = True
        if not self.engine.alive:
            return 0
        await asyncio.sleep(FORGOTTEN_BY_GATEWAYS_S)
        deadline_s = time.monotonic() + limit_s
        while self.engine.alive and (left := unfinished(await self._load())):
            if time.monotonic() >= deadline_s:
                return left
            await asyncio.sleep(IDLE_PERIOD_S)
        return 0

    async def stop(self) -> None:
        """End it; its GPUs stay ours, so that nothing else is placed there. A second time does nothing."""
        if self.stopped:
            return
        self.leaving = self.stopped = True
        self.sample = replace(self.sample, num_requests_running=0, num_requests_waiting=0)
        for watcher in self._watchers:
            watcher.cancel()
        if self.engine.alive:
            await self.engine.stop()

    def release(self) -> None:
        """Give back the GPUs of an engine that is stopped; a second time does nothing."""
        if self._claim:
            self._claim.release()
        self._claim = None

    async def _watch(self) -> None:
        """Know the moment the engine ends, and keep its last words; one that leaves may end as it likes."""
        await self.engine.wait()
        if not self.leaving:
            self.failure = self.engine.death()

    async def _keep_sampling(self) -> None:
        while self.failure is None:
            self.sample = await self._load()
            self._progress = self._progress.after(unfinished(self.sample) > 0, _tokens(self.sample), time.monotonic())
            await asyncio.sleep(SAMPLE_PERIOD_S)

    async def _load(self) -> EngineLoadSample:
        try:
            load = await self.engine.load()
        except Exception:  # a busy engine answers late: the last figures stand
            return self.sample
        self.sampled_s = time.monotonic()
        return load


def unfinished(load: EngineLoadSample) -> int:
    return load.num_requests_running + load.num_requests_waiting


def _tokens(load: EngineLoadSample) -> int:
    return load.prompt_tokens_total + load.generation_tokens_total
