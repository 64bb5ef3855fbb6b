"""Server-sent events as an engine's bytes bring them: what ends where an event does goes on, the rest waits."""

from __future__ import annotations

from orchestrator.serving.gateway.engine_exchange import EngineGone

MOST_EVENT_BYTES = 16 * 2**20


class EventPieces:
    """Holds back the part of an event that has come so far."""

    def __init__(self) -> None:
        self._partial = b""

    def whole(self, data: bytes) -> bytes:
        """The events that are whole now, none or many; raises EngineGone at one without an end."""
        if not self._partial and data.endswith(b"\n\n"):
            return data
        events, mark, self._partial = (self._partial + data).rpartition(b"\n\n")
        if len(self._partial) > MOST_EVENT_BYTES:
            raise EngineGone("the engine's event has no end")
        return events + mark
