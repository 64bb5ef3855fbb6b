"""Puts what a policy tells where gateways read it, beside Serve's controller and never in its way."""

from __future__ import annotations

import logging
from collections import deque
from concurrent.futures import ThreadPoolExecutor

from orchestrator.core.scaling.told import ScalingTold
from orchestrator.serving.gcs_kv import KvError
from orchestrator.serving.scaling_kv import put_told

logger = logging.getLogger("ray.serve")


class ScalingTelling:
    """In a thread of its own, since the GCS may be away: of what waits for it only the latest is put."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "qorch-scaling-told")
        self._waiting: deque[ScalingTold] = deque(maxlen=1)

    def tell(self, told: ScalingTold) -> None:
        self._waiting.append(told)
        self._thread.submit(self._put)

    def close(self) -> None:
        """Once what was given is told, or could not be."""
        self._thread.shutdown()

    def _put(self) -> None:
        while self._waiting:
            try:
                put_told(self._waiting.pop())
            except KvError as error:
                logger.warning("gateways are not told of scaling: %s", error)
            except Exception:
                logger.exception("gateways are not told of scaling")
