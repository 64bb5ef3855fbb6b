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

PERIOD_S = 0.2


async def take_gpus(spec: EngineSpec, timeout_s: float = TIMEOUT_S) -> tuple[EngineSpec, Claim]:
    """The spec for the first free set of its GPUs; raises DeployFailed, which names who holds them, where none is."""
    taken = await _claim(spec, timeout_s)
    demand = Demand(spec.gpu_free_bytes, spec.gpu_memory_utilization)
    try:
        seen = await wait_until_free(taken.devices, demand, timeout_s)
        _require_none(preflight(seen, taken.devices, demand, host_limits()))
    except EnvironmentNotReady as trouble:
        taken.release()
        raise DeployFailed(trouble.message, trouble.hint) from trouble
    visible = ("CUDA_VISIBLE_DEVICES", ",".join(taken.devices))
    return replace(spec, environment=(*spec.environment, visible)), taken


async def _claim(spec: EngineSpec, timeout_s: float) -> Claim:
    """A replica that goes keeps its GPUs until its engine has ended, so a new one waits a little."""
    folder, fleet = Path(spec.claims_dir), Path(os.environ.get(MARK, "?")).name
    make_private_folder(folder)
    for _ in range(max(1, int(timeout_s / PERIOD_S))):
        if taken := claim(spec.gpu_sets, folder, fleet):
            return taken
        await asyncio.sleep(PERIOD_S)
    held = holders(dict.fromkeys(uuid for one in spec.gpu_sets for uuid in one), folder)
    raise DeployFailed(f"no GPU of the plan is free: {'; '.join(map(str, held))}", hint="qorch doctor")


def _require_none(findings: Iterable[Finding]) -> None:
    """Raises EnvironmentNotReady for what would keep an engine from starting."""
    fatal = [finding for finding in findings if finding.fatal]
    if fatal:
        raise EnvironmentNotReady("; ".join(map(str, fatal)), hint=fatal[0].hint)
