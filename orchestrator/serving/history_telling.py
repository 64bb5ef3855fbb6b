"""Puts a fleet's history where gateways read it, part by part, beside the controller and never in its way."""

from __future__ import annotations

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from orchestrator.adapters.history_file_parts import Extent, HistoryFileParts
from orchestrator.adapters.part_values import minutes_from
from orchestrator.app.history_port import HistoryParts
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.scaling.history_parts import MOST_PART_BYTES, Part, PartKind, kept, part_of
from orchestrator.core.scaling.load_minutes import LoadMinute

logger = logging.getLogger("ray.serve")


class HistoryTelling:
    """Of the file at `path` to `parts`: what has grown since the last time, in place of the oldest.

    `parts` may have what another head told, whose disk is gone: that stays until there is no more room.
    """

    def __init__(self, path: Path, parts: HistoryParts) -> None:
        self._file, self._parts = HistoryFileParts(path), parts
        self._thread = ThreadPoolExecutor(1, "qorch-scaling-history")
        self._round: Future[None] | None = None
        self._extents: dict[Part, Extent] = {}  # that were told
        self._sizes_bytes: dict[Part, int] = {}  # of what is there

    def begin(self) -> tuple[LoadMinute, ...]:
        """The minutes that were told before, the oldest first; waits for `parts`, and raises EnvironmentNotReady.

        What is of no use is removed, and said.
        """
        found: list[LoadMinute] = []
        for part in sorted(filter(None, map(part_of, self._parts.names()))):
            value = self._parts.get(part.name) or b""
            try:
                found += minutes_from(value) if part.kind is PartKind.MINUTES else ()
                self._sizes_bytes[part] = len(value)
            except ValueError as error:
                logger.warning("%s of what was told of the history is dropped: %s", part.name, error)
                self._parts.remove(part.name)
        return tuple(found)

    def tell(self) -> None:
        """Soon, unless it is being done."""
        if self._round is None or self._round.done():
            self._round = self._thread.submit(self._tell)

    def close(self) -> None:
        """Once what there was is told, or could not be."""
        self._thread.submit(self._tell)
        self._thread.shutdown()

    def _tell(self) -> None:
        try:
            self._put_grown()
            self._forget()
        except EnvironmentNotReady as error:
            logger.warning("gateways are not told of the history: %s", error)
        except Exception:
            logger.exception("gateways are not told of the history")

    def _put_grown(self) -> None:
        extents = self._file.extents()
        room = {**self._sizes_bytes, **{part: int(extent[0]) for part, extent in extents.items()}}
        for part in sorted(kept(room) & extents.keys()):
            if self._extents.get(part) != extents[part]:
                self._put(part)
                self._extents[part] = extents[part]

    def _put(self, part: Part) -> None:
        value = self._file.value(part)
        if len(value) > MOST_PART_BYTES:
            logger.warning("%s of the history takes %d bytes, and is not told", part.name, len(value))
            return
        self._parts.put(part.name, value)
        self._sizes_bytes[part] = len(value)

    def _forget(self) -> None:
        for part in self._sizes_bytes.keys() - kept(self._sizes_bytes):
            self._parts.remove(part.name)
            del self._sizes_bytes[part]
