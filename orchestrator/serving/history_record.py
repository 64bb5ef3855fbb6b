"""A fleet's history as its policy's thread keeps it: in its file and, where nobody else reads that, in parts.

What goes wrong with it is only said.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from orchestrator.adapters.history_writer import HistoryError, HistoryWriter, Watched
from orchestrator.app.history_port import HistoryParts
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.fleet import Decided
from orchestrator.core.scaling.pool_memory import PoolMemory
from orchestrator.serving.history_telling import HistoryTelling

logger = logging.getLogger("ray.serve")

TELL_PERIOD_S = 60.0


class HistoryRecord:
    """Used from one thread, which may wait."""

    def __init__(self, path: Path, parts: HistoryParts | None) -> None:
        self._writer = HistoryWriter(path)
        self._telling = None if parts is None else HistoryTelling(path, parts)
        self._begun = False
        self._told_at_s = float("-inf")

    def add(self, memory: PoolMemory | None, watched: Sequence[Watched], decided: Sequence[Decided]) -> None:
        """As `HistoryWriter.add`."""
        now_s = watched[-1][0].seen.now_s
        due = not 0 <= now_s - self._told_at_s < TELL_PERIOD_S
        if due:
            self._told_at_s = now_s
            self._begin()
        try:
            self._writer.add(memory, watched, decided)
        except HistoryError as error:
            logger.warning("the history of scaling: %s", error)
        except Exception:
            logger.exception("the history of scaling cannot be written")
        if due and self._telling and self._begun:
            self._telling.tell()

    def close(self) -> None:
        """Once all of it is told, or could not be."""
        self._writer.close()
        if self._telling and self._begun:
            self._telling.close()

    def _begin(self) -> None:
        """Before anything is told, what was told from another disk comes to this one, or it would be told over."""
        if self._begun or self._telling is None:
            return
        try:
            self._writer.take_over(self._telling.begin())
            self._begun = True
        except (EnvironmentNotReady, HistoryError) as error:
            logger.warning("the history that was told before is not here yet: %s", error)
