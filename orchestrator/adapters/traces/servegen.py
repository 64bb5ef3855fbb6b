"""ServeGen's traces: for each client and window the rate of requests, how bursty they are, and their lengths.

Source: github.com/alibaba/ServeGen (Apache-2.0; arXiv 2505.09999). The requests of a second are drawn from a Gamma
distribution with the mean `rate` and the variance `cv`² x `rate`, which is what a renewal process with that coefficient
of variation between arrivals tends to; rates go in straight lines from one window's middle to the next. The lengths are
in a file beside it, named token-stats where the first is named rates; a window without any takes its client's last, and
a client without any takes the median of all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from orchestrator.adapters.traces.arrivals import Arrival
from orchestrator.adapters.traces.rows import Clock, Row, check_length, header, rows
from orchestrator.core.errors import UsageError

COLUMNS = ("pool", "client", "t_s", "rate_rps", "cv", "dist", "p1", "p2")
LENGTHS = (
    "pool",
    "client",
    "window_s",
    *(f"{way}_{what}" for way in ("in", "out") for what in ("mean", "p50", "p95", "p99")),
)
LEAST_CV, MOST_CV = 0.5, 30.0  # a window of few requests gives wilder ones, which say little about its seconds
WINDOW_S = 600  # of a trace that has a single one
Windows = dict[float, tuple[float, float]]  # t_s -> (rate, cv), or (prompt, generation) tokens of a request
Series = NDArray[np.float64]


@dataclass(frozen=True)
class _Grid:
    """The windows of all clients, and the seconds in them from the first on."""

    starts: Series
    window_s: int
    seconds: NDArray[np.int64]
    window_of: NDArray[np.int64]  # each second's


def arrivals(path: Path, seed: int) -> Iterator[Arrival]:
    """Each second's requests of all clients."""
    clients, lengths = _windows(path), _lengths(path)
    if not clients:
        return
    starts = list(next(iter(clients.values())))
    totals = _drawn(clients, lengths, _grid(starts), np.random.default_rng(seed))
    for second, amounts in enumerate(zip(*(series.tolist() for series in totals), strict=True)):
        yield Arrival(starts[0] + second, *amounts)


def _grid(starts: Sequence[float]) -> _Grid:
    window_s = round(starts[1] - starts[0]) if len(starts) > 1 else WINDOW_S
    begins = np.array(starts) - starts[0]
    seconds = np.arange(round(begins[-1]) + window_s)
    return _Grid(begins, window_s, seconds, np.searchsorted(begins, seconds, side="right") - 1)


def _drawn(
    clients: Mapping[str, Windows], lengths: Mapping[str, Windows], grid: _Grid, random: np.random.Generator
) -> Series:
    """Requests, prompt tokens and generated tokens, each by the second."""
    totals = np.zeros((3, len(grid.seconds)))
    for client, windows in clients.items():
        counts = _counts(list(windows.values()), grid, random)
        tokens = np.array([_length(lengths, client, t_s) for t_s in windows]).T
        totals += counts * np.vstack([np.ones_like(counts), tokens[:, grid.window_of]])
    return totals


def _counts(windows: Sequence[tuple[float, float]], grid: _Grid, random: np.random.Generator) -> Series:
    """The requests of one client in each second."""
    rate, cv = np.array(windows).T
    spread = (np.clip(cv, LEAST_CV, MOST_CV) ** 2)[grid.window_of]
    expected = np.interp(grid.seconds, grid.starts + grid.window_s / 2, rate)
    counts, some = np.zeros(len(grid.seconds)), expected > 0
    counts[some] = random.gamma(expected[some] / spread[some], spread[some])
    return counts


def _length(lengths: Mapping[str, Windows], client: str, t_s: float) -> tuple[float, float]:
    """Prompt and generated tokens of a request, by the latest window that is known."""
    known = lengths.get(client)
    if known is None:
        return lengths[""][0.0]
    return known[max((each for each in known if each <= t_s), default=min(known))]


def _windows(path: Path) -> dict[str, Windows]:
    """By client, each with the windows of all; one that has no line of its own has no request."""
    found: dict[str, Windows] = defaultdict(dict)
    clocks: dict[str, Clock] = defaultdict(Clock)
    first_s, last_s = inf, -inf
    for row in rows(path, COLUMNS):
        client = row.fields[1]
        t_s = clocks[client].checked(row, row.number(2, "t_s"))
        first_s, last_s = min(first_s, t_s), max(last_s, t_s)
        check_length(row, first_s, last_s)
        _keep(found[client], row, t_s, row.number(3, "rate_rps"), row.number(4, "cv"))
    starts = sorted({t_s for windows in found.values() for t_s in windows})
    return {client: {t_s: windows.get(t_s, (0.0, 0.0)) for t_s in starts} for client, windows in found.items()}


def _lengths(path: Path) -> dict[str, Windows]:
    """By client; that of all together under the empty name."""
    beside = path.with_name(path.name.replace("rates", "token-stats"))
    if beside == path or not beside.is_file():
        raise UsageError(f"{path}: its token lengths are needed in {beside.name} beside it", hint=f"ls {path.parent}")
    if header(beside) != LENGTHS:
        raise UsageError(f"{beside}: expected the columns {','.join(LENGTHS)}", hint=f"ls -l {beside}")
    found: dict[str, Windows] = defaultdict(dict)
    for row in rows(beside, LENGTHS):
        if "nan" not in (row.fields[3].lower(), row.fields[7].lower()):  # no request to measure
            prompt, generation = row.number(3, "in_mean"), row.number(7, "out_mean")
            _keep(found[row.fields[1]], row, row.number(2, "window_s"), prompt, generation)
    every = [each for windows in found.values() for each in windows.values()]
    prompts, generations = zip(*every, strict=True) if every else ((0.0,), (1.0,))
    return {**found, "": {0.0: (median(prompts), median(generations))}}


def _keep(windows: Windows, row: Row, t_s: float, first: float, second: float) -> None:
    if t_s in windows:
        row.refuse(f"there is another line of client {row.fields[1]} for {t_s:.0f} s")
    windows[t_s] = first, second
