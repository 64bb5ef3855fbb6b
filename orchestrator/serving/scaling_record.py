"""What Serve's controller writes of scaling, in a thread of its own, since the controller waits for its policy."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from orchestrator.adapters.fleet_files import history_path
from orchestrator.adapters.history_writer import HistoryError, HistoryWriter, Watched
from orchestrator.adapters.scaling_file import read_state, write_state
from orchestrator.core.fleet import Decided
from orchestrator.core.scaling.looks import Look
from orchestrator.core.scaling.pool_memory import PoolMemory
from orchestrator.core.scaling.pool_state import Changes, PoolState, with_change

logger = logging.getLogger("ray.serve")

WRITE_PERIOD_S = 5.0  # where nothing was decided anew


class ScalingRecord:
    """The file from where a policy goes on, and the history beside it; what goes wrong with them is only said."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._history = HistoryWriter(history_path(path))
        self._writer = ThreadPoolExecutor(1, "qorch-scaling")
        self._changes: Mapping[str, Changes] = {}
        self._before: PoolMemory | None = None
        self._watched: list[Watched] = []  # since it
        self._written_at_s = float("-inf")

    def remembered(self) -> PoolMemory | None:
        """What an earlier controller has learned."""
        try:
            state = read_state(self._path)
        except ValueError as error:
            logger.warning("what scaling had learned is dropped: %s", error)
            return None
        self._changes = state.changes if state else {}
        return state.memory if state else None

    def add(self, look: Look, before: PoolMemory | None, after: PoolMemory, asked: Mapping[str, int]) -> None:
        """A look, what was remembered before and after it, and what was asked for until then."""
        if not self._watched:
            self._before = before
        self._watched.append((look, after))
        changed = look.decision.replicas != asked
        if changed:
            self._changes = with_change(self._changes, asked, look.decision.replicas)
        now_s = look.seen.now_s
        if changed or not 0 <= now_s - self._written_at_s < WRITE_PERIOD_S:
            decided = (Decided(now_s, look.decision, asked),) if changed else ()
            state = PoolState(look.goal, look.policy, look.prior, look.decision, after, self._changes)
            self._writer.submit(self._write, state, self._before, tuple(self._watched), decided)
            self._watched, self._written_at_s = [], now_s

    def close(self) -> None:
        """Once what was given is written."""
        self._writer.submit(self._history.close)
        self._writer.shutdown()

    def _write(
        self, state: PoolState, before: PoolMemory | None, watched: tuple[Watched, ...], decided: tuple[Decided, ...]
    ) -> None:
        try:
            write_state(self._path, state)
        except OSError as error:
            logger.warning("what scaling has learned cannot be written to %s: %s", self._path, error)
        try:
            self._history.add(before, watched, decided)
        except HistoryError as error:
            logger.warning("the history of scaling: %s", error)
        except Exception:
            logger.exception("the history of scaling cannot be written")
