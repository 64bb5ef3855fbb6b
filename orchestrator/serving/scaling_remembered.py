"""What an earlier controller has learned: here or, where Ray's GCS outlives its head, on another node."""

from __future__ import annotations

import logging
from pathlib import Path

from orchestrator.adapters.fleet_files import history_path
from orchestrator.adapters.scaling_file import read_state
from orchestrator.adapters.scaling_history import ScalingHistory
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.fleet import Decided
from orchestrator.core.scaling.told import MOST_DECISIONS, ScalingTold, newest
from orchestrator.serving.gcs_kv import KvError
from orchestrator.serving.scaling_kv import read_value, told_from

logger = logging.getLogger("ray.serve")


def remembered(path: Path) -> ScalingTold | None:
    """The newest there is; what is of no use is dropped, and said."""
    return newest(_of_files(path), _of_gcs())


def _of_files(path: Path) -> ScalingTold | None:
    try:
        state = read_state(path)
    except ValueError as error:
        logger.warning("what scaling had learned is dropped: %s", error)
        return None
    return None if state is None else ScalingTold(state, _decisions(history_path(path)))


def _decisions(path: Path) -> tuple[Decided, ...]:
    try:
        return ScalingHistory(path).decisions(most=MOST_DECISIONS)
    except EnvironmentNotReady as error:
        logger.warning("what scaling had decided is not told: %s", error)
        return ()


def _of_gcs() -> ScalingTold | None:
    try:
        value = read_value()
        return None if value is None else told_from(value)
    except KvError as error:
        logger.warning("what scaling had told is dropped: %s", error)
        return None
