"""The GPUs of one engine replica: claimed, seen to be free, and the only ones that its engine sees."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from orchestrator.adapters.gpu_claims import Claim, claim, holders
from orchestrator.adapters.gpu_wait import TIMEOUT_S, wait_until_free
from orchestrator.adapters.host_limits import host_limits
from orchestrator.adapters.owned_processes import MARK
from orchestrator.adapters.ray_head import make_private_folder
from orchestrator.core.engine_spec import EngineSpec
from orchestrator.core.errors import DeployFailed, EnvironmentNotReady
from orchestrator.core.finding import Finding
from orchestrator.core.preflight import Demand, preflight
from orchestrator.serving.engines import cuda_major

PERIOD_S = 0.2


async def take_gpus(spec: EngineSpec, timeout_s: float = TIMEOUT_S) -> tuple[EngineSpec, Claim]:
    """The spec for the first of its sets of GPUs that is free and well.

    Raises DeployFailed, which says what is amiss with each set, or who holds them, where none is.
    """
    failures: list[DeployFailed] = []
    demand = await asyncio.to_thread(_demand, spec)
    left = spec.gpu_sets
    while left:
        taken = await _claim(replace(spec, gpu_sets=left), 0 if failures else timeout_s, failures)
        try:
            await _require_well(taken, demand, timeout_s)
        except EnvironmentNotReady as trouble:
            taken.release()
            failures.append(DeployFailed(trouble.message, trouble.hint))
            left = tuple(one for one in left if one != taken.devices)
        else:
            visible = ("CUDA_VISIBLE_DEVICES", ",".join(taken.devices))
            return replace(spec, environment=(*spec.environment, visible)), taken
    raise _all_of(failures)


def _demand(spec: EngineSpec) -> Demand:
    """What the plan counts on, and what the build that is installed now asks of the driver."""
    return Demand(
        spec.gpu_free_bytes, spec.gpu_memory_utilization, spec.gpu_compute_capability, cuda_major(spec.engine)
    )


async def _require_well(taken: Claim, demand: Demand, timeout_s: float) -> None:
    """Raises EnvironmentNotReady for what would keep an engine from starting on these GPUs."""
    seen = await wait_until_free(taken.devices, demand, timeout_s)
    _require_none(preflight(seen, taken.devices, demand, host_limits()))


def _all_of(failures: list[DeployFailed]) -> DeployFailed:
    """Each reason once: a driver is the same for all sets."""
    return DeployFailed("; ".join(dict.fromkeys(each.message for each in failures)), failures[0].hint)


async def _claim(spec: EngineSpec, timeout_s: float, failures: list[DeployFailed]) -> Claim:
    """A replica that goes keeps its GPUs until its engine has ended, so a new one waits a little."""
    folder, fleet = Path(spec.claims_dir), Path(os.environ.get(MARK, "?")).name
    make_private_folder(folder)
    for _ in range(max(1, int(timeout_s / PERIOD_S))):
        if taken := claim(spec.gpu_sets, folder, fleet):
            return taken
        await asyncio.sleep(PERIOD_S)
    if failures:
        raise _all_of(failures)
    held = holders(dict.fromkeys(uuid for one in spec.gpu_sets for uuid in one), folder)
    raise DeployFailed(f"no GPU of the plan is free: {'; '.join(map(str, held))}", hint="qorch doctor")


def _require_none(findings: Iterable[Finding]) -> None:
    """Raises EnvironmentNotReady for what would keep an engine from starting."""
    fatal = [finding for finding in findings if finding.fatal]
    if fatal:
        raise EnvironmentNotReady("; ".join(map(str, fatal)), hint=fatal[0].hint)
