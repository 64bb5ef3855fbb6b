"""Snapshots with anything in them that a source can say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from math import isfinite
from typing import Any

from hypothesis import strategies as st

from orchestrator.core.answered import Answered
from orchestrator.core.fleet import Condition, Decided
from orchestrator.core.live.event import Event
from orchestrator.core.live.reading import SourceState
from orchestrator.core.live.snapshot import GpuRow, HostRow, ReplicaRow, Snapshot, Summary

TIMES = st.floats(0, 2e9)


def few(one: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(one, max_size=3).map(tuple)


STEPS = st.dictionaries(st.text(max_size=9), st.floats(), max_size=3)
ROWS = few(
    st.builds(ReplicaRow, start_steps=STEPS, started_at_s=st.none() | TIMES, max_num_seqs=st.none() | st.integers())
)
SNAPSHOTS = st.builds(
    Snapshot,
    at_s=TIMES,
    summary=st.builds(Summary),
    replicas=ROWS,
    gpus=few(st.builds(GpuRow)),
    conditions=few(st.builds(Condition)),
    decisions=few(st.builds(Decided, at_s=TIMES)),
    events=few(st.builds(Event, at_s=TIMES)),
    sources=few(st.builds(SourceState, at_s=st.none() | TIMES)),
    hosts=few(st.builds(HostRow)),
    requests=few(st.builds(Answered, at_s=TIMES)),
    failed_requests=few(st.builds(Answered, at_s=TIMES)),
)


def alike(read: Any, written: Any) -> bool:
    """Equal up to rounding; what is no number that can be measured is none, or NaN where there has to be one."""
    if isinstance(written, float):
        return _close(read, written)
    if is_dataclass(written):
        return all(alike(getattr(read, each.name), getattr(written, each.name)) for each in fields(written))
    if isinstance(written, tuple):
        return len(read) == len(written) and all(map(alike, read, written))
    if isinstance(written, Mapping):
        return read.keys() == written.keys() and all(alike(read[key], written[key]) for key in written)
    if isinstance(written, int) and abs(written) >= 2**63:
        return bool(read == (2**63 - 1) * (1 if written > 0 else -1))
    return bool(read == written)


def _close(read: float | None, written: float) -> bool:
    if read is None or not isfinite(read):
        return not isfinite(written) or abs(written) > 9.2233e18  # rounded, that is beyond all measure
    return abs(read - written) <= max(1e-3, 1e-4 * abs(written))
