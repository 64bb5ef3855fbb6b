"""Traces of real traffic, each kind known by its first line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from orchestrator.adapters.traces import azure, recording, servegen
from orchestrator.adapters.traces.arrivals import Arrival, demand_of
from orchestrator.adapters.traces.rows import header
from orchestrator.core.errors import UsageError
from orchestrator.core.scaling.demand import Demand

KINDS: Mapping[tuple[str, ...], Callable[[Path, int], Iterator[Arrival]]] = {
    azure.COLUMNS: azure.arrivals,
    servegen.COLUMNS: servegen.arrivals,
    recording.COLUMNS: recording.arrivals,
}


def read_trace(path: Path, prompt_ratio: float, seed: int = 0) -> Demand:
    """The demand of a file; raises UsageError with file and line where it is not a trace."""
    columns = header(path)
    if columns not in KINDS:
        known = "; ".join(",".join(each) for each in KINDS)
        raise UsageError(f"{path}, line 1: expected the columns of a trace ({known})", hint=f"file {path}")
    demand = demand_of(KINDS[columns](path, seed), prompt_ratio)
    if demand.total_work <= 0:
        raise UsageError(f"{path}: no request in it brings any work", hint=f"ls -l {path}")
    return demand
