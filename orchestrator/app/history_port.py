"""What the use cases need of a fleet's history: where it is read, and where its parts are put for others to read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.scaling.load_minutes import LoadMinute
from orchestrator.core.scaling.looks import Segment


class History(Protocol):
    """What was recorded of a fleet's load and of its decisions; raises EnvironmentNotReady."""

    def minutes(self, since_s: float = 0.0, most: int | None = None) -> tuple[LoadMinute, ...]:
        """The latest since a Unix time, the oldest of them first."""

    def segments(self) -> Iterator[Segment]:
        """The looks that are kept, the oldest first."""


class KeepsHistory(History, Protocol):
    """Where people read it, of this host or of a cluster."""

    @property
    def caution(self) -> str:
        """What may end it before `down` does; empty where nothing does."""


class TellsNoHistory(EnvironmentNotReady):
    """Who is asked is of a version that knows nothing of it."""


class HistoryParts(Protocol):
    """A store of bytes by the names of parts (`core.scaling.history_parts`); raises EnvironmentNotReady."""

    def names(self) -> tuple[str, ...]:
        """Of all that are there, in no order."""

    def get(self, name: str) -> bytes | None:
        """None where there is none of this name."""

    def put(self, name: str, value: bytes) -> None:
        """In place of what had this name."""

    def remove(self, name: str) -> None:
        """Safe to call where there is none."""
