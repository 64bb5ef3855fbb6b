"""One engine replica: owns an engine's process, tells Ray Serve how it is, and drains before it goes."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ray import serve

from orchestrator.core.by_hand import order_from_data
from orchestrator.core.engine_spec import engine_spec_from_data
from orchestrator.core.errors import DeployFailed
from orchestrator.core.scaling.seen import ReplicaSample
from orchestrator.serving.engine_place import EnginePlace
from orchestrator.serving.engines import engine_version
from orchestrator.serving.node_binding import at_node, bind_to_node
from orchestrator.serving.own_engine import SAMPLE_PERIOD_S, OwnEngine
from orchestrator.serving.own_gpus import OwnGpus
from orchestrator.serving.replica_status import ReplicaStatus, status_data


class EngineReplica:
    """Ray Serve runs one of these per replica; requests go past it, straight to the engine's own HTTP server."""

    async def __init__(self, spec: dict[str, Any]) -> None:  # type: ignore[misc]  # Ray Serve awaits it
        bind_to_node()
        self._spec = at_node(engine_spec_from_data(spec))
        context = serve.get_replica_context()
        self._replica_id, self._deployment = context.replica_id.unique_id, context.deployment
        self._started_at_s = time.time()
        self._gpus = OwnGpus(self._spec, SAMPLE_PERIOD_S)
        self._place = EnginePlace(await self._first(), self._start)
        self._ready_s = time.monotonic()
        self._revision = f"{self._spec.profile}, {self._spec.engine} {engine_version(self._spec.engine)}".rstrip()

    def describe(self) -> dict[str, Any]:
        """This replica's status, for the gateways."""
        return status_data(self._status())

    async def obey(self, order: Mapping[str, Any]) -> str | None:
        """Begin to do what a person asks of a replica, and return why not, or nothing; None where another is meant."""
        asked = order_from_data(order)
        return self._place.obey(asked) if asked.replica_id == self._replica_id else None

    def record_autoscaling_stats(self) -> dict[str, float]:
        """For the autoscaling policy; Ray Serve gives up for good on one whose first answer is not all numbers."""
        return {name: float(value) for name, value in self._autoscaling_sample()._asdict().items()}

    async def check_health(self) -> None:
        """Ray Serve replaces this replica when this raises."""
        await self._place.engine.check()

    async def __del__(self) -> None:
        """Wait until the gateways look elsewhere and the engine is idle; Ray Serve bounds how long."""
        await self._place.close()
        self._gpus.close()

    async def _first(self) -> OwnEngine:
        try:
            return await self._start()
        except DeployFailed as failure:
            raise RuntimeError(explain(failure)) from None

    async def _start(self) -> OwnEngine:
        return await OwnEngine.started(self._spec, Path(self._spec.log_dir) / self._spec.log_name(self._replica_id))

    def _autoscaling_sample(self) -> ReplicaSample:
        """Of one that stands aside: that it takes no request."""
        engine, load = self._place.engine, self._place.engine.sample
        return ReplicaSample(
            clock_s=max(0.0, engine.sampled_s - self._ready_s),
            num_requests_running=load.num_requests_running,
            num_requests_waiting=load.num_requests_waiting,
            prompt_tokens_total=load.prompt_tokens_total,
            generation_tokens_total=load.generation_tokens_total,
            max_num_seqs=0 if self._place.stands_aside else self._spec.max_num_seqs,
        )

    def _status(self) -> ReplicaStatus:
        place, own = self._place, self._place.engine
        return ReplicaStatus(
            replica_id=self._replica_id,
            deployment=self._deployment,
            host=own.engine.host,
            port=own.engine.port,
            model=own.engine.model,
            engine=self._spec.engine,
            ready=own.takes_requests,
            reason=own.failure.message if own.failure else place.reason or "answers completions",
            replica_pid=os.getpid(),
            engine_pid=own.engine.pid,
            max_num_seqs=self._spec.max_num_seqs,
            max_in_flight=self._spec.max_in_flight,
            started_at_s=self._started_at_s,
            load_s=own.load_s,
            devices=own.devices or self._gpus.uuids,
            gpus=self._gpus.told,
            revision=self._revision,
            start_steps=dict(own.start_steps),
            task=place.task.value,
            orders_by_hand=place.orders,
            restarts_by_hand=place.restarts,
            trouble_by_hand=place.trouble,
            **asdict(own.sample),
        )


def explain(failure: DeployFailed) -> str:
    """A failure as text that survives Ray Serve's status message: the reason, then the last log lines."""
    return "\n".join([f"qorch: {failure.message}", *(f"  | {line}" for line in failure.log_lines)])
