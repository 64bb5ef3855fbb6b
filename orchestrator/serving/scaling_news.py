"""What a fleet's policy told last, as one gateway has read it."""

from __future__ import annotations

import asyncio
import logging

from orchestrator.core.scaling.told import ScalingTold
from orchestrator.serving.gcs_kv import KvError
from orchestrator.serving.scaling_kv import read_value, told_from

logger = logging.getLogger(__name__)

READ_PERIOD_S = 2.0


class ScalingNews:
    """`told` stays as it was while nothing can be read; it is None before anything was, and where it is of no use."""

    def __init__(self) -> None:
        self.told: ScalingTold | None = None
        self._value: bytes | None = None
        self._trouble = ""

    async def follow(self) -> None:
        """Read again and again, in a thread, since the GCS may be away."""
        while True:
            await asyncio.to_thread(self.read)
            await asyncio.sleep(READ_PERIOD_S)

    def read(self) -> None:
        """What is wrong is said once."""
        try:
            self._take(read_value())
            trouble = ""
        except KvError as error:
            trouble = str(error)
        if trouble and trouble != self._trouble:
            logger.warning("%s", trouble)
        self._trouble = trouble

    def _take(self, value: bytes | None) -> None:
        """Raises KvError."""
        if value != self._value:
            self._value, self.told = value, None
            self.told = None if value is None else told_from(value)
