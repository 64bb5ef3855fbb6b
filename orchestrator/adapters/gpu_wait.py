"""Waits until the memory of GPUs is really free, so that an engine never starts beside what is left of another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from orchestrator.adapters.probe import probe
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.gpu_release import not_released
from orchestrator.core.inventory import Inventory
from orchestrator.core.preflight import Demand

TIMEOUT_S = 30.0  # drivers take seconds to free tens of GiB
PERIOD_S = 0.5

all_devices = partial(probe, Path("/"), environment={})  # Ray's CUDA_VISIBLE_DEVICES is not the person's


async def wait_until_free(
    uuids: Sequence[str],
    demand: Demand,
    timeout_s: float = TIMEOUT_S,
    look: Callable[[], Inventory] = all_devices,
) -> Inventory:
    """Returns what was seen last, once it is as demanded and steady.

    Raises EnvironmentNotReady, which names who holds the memory, when it is not within `timeout_s`.
    """
    clock = asyncio.get_running_loop().time
    deadline_s = clock() + timeout_s
    before: Inventory | None = None
    while True:
        now = None
        try:
            now = await asyncio.to_thread(look)
            _require_released(before, now, uuids, demand)
            return now
        except EnvironmentNotReady as trouble:  # a driver that does not answer now may do so in a moment
            if clock() > deadline_s:
                raise EnvironmentNotReady(f"{trouble.message} (waited {timeout_s:g} s)", trouble.hint) from None
        before = now
        await asyncio.sleep(PERIOD_S)


def _require_released(before: Inventory | None, now: Inventory, uuids: Sequence[str], demand: Demand) -> None:
    findings = not_released(before, now, uuids, demand)
    if findings:
        raise EnvironmentNotReady("; ".join(map(str, findings)), hint=findings[0].hint)
