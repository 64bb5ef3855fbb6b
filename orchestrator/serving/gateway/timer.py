"""Something that is due at a time, unless it is called off."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Timer:
    """At most one call that is due: a new one replaces it."""

    def __init__(self) -> None:
        self._handle: asyncio.TimerHandle | None = None

    def start(self, delay_s: float, call: Callable[[], None]) -> None:
        self.stop()
        self._handle = asyncio.get_running_loop().call_later(delay_s, call)

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
