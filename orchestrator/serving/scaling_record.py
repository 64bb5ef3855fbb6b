"""What Serve's controller keeps of scaling, in threads of its own, since the controller waits for its policy."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from orchestrator.adapters.fleet_files import history_path
from orchestrator.adapters.history_writer import Watched
from orchestrator.adapters.scaling_file import write_state
from orchestrator.app.history_port import HistoryParts
from orchestrator.core.fleet import Decided
from orchestrator.core.scaling.looks import Look
from orchestrator.core.scaling.pool_memory import PoolMemory
from orchestrator.core.scaling.pool_state import Changes, PoolState, with_change
from orchestrator.core.scaling.told import MOST_DECISIONS, ScalingTold
from orchestrator.serving.history_record import HistoryRecord
from orchestrator.serving.scaling_remembered import remembered
from orchestrator.serving.scaling_telling import ScalingTelling

logger = logging.getLogger("ray.serve")

WRITE_PERIOD_S = 5.0  # where nothing was decided anew


class ScalingRecord:
    """The file from where a policy goes on, the history beside it, and what gateways are told.

    What goes wrong with them is only said.
    """

    def __init__(self, path: Path, parts: HistoryParts | None) -> None:
        """With `parts` for whom the disk of `path` is out of reach, the history is told there too."""
        self._path = path
        self._history = HistoryRecord(history_path(path), parts)
        self._writer = ThreadPoolExecutor(1, "qorch-scaling")
        self._telling = ScalingTelling()
        self._changes: Mapping[str, Changes] = {}
        self._decisions: deque[Decided] = deque(maxlen=MOST_DECISIONS)
        self._before: PoolMemory | None = None
        self._watched: list[Watched] = []  # since it
        self._written_at_s = float("-inf")

    def remembered(self) -> PoolMemory | None:
        """What an earlier controller has learned."""
        told = remembered(self._path)
        if told is None:
            return None
        self._changes = told.state.changes
        self._decisions.extend(told.decisions)
        return told.state.memory

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
            self._decisions.extend(decided)
            state = PoolState(look.goal, look.policy, look.prior, look.decision, after, self._changes)
            self._telling.tell(ScalingTold(state, tuple(self._decisions)))
            self._writer.submit(self._write, state, self._before, tuple(self._watched), decided)
            self._watched, self._written_at_s = [], now_s

    def close(self) -> None:
        """Once what was given is written."""
        self._writer.submit(self._history.close)
        self._writer.shutdown()
        self._telling.close()

    def _write(
        self, state: PoolState, before: PoolMemory | None, watched: tuple[Watched, ...], decided: tuple[Decided, ...]
    ) -> None:
        try:
            write_state(self._path, state)
        except OSError as error:
            logger.warning("what scaling has learned cannot be written to %s: %s", self._path, error)
        self._history.add(before, watched, decided)
