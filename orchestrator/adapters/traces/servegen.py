"""ServeGen's traces: for each client and window the rate of requests, how bursty they are, and their lengths.

Source: github.com/alibaba/ServeGen (Apache-2.0; arXiv 2505.09999). The requests of a second are drawn from a Gamma
distribution with the mean `rate` and the variance `cv`² x `rate`, which is what a renewal process with that coefficient
of variation between arrivals tends to; rates go in straight lines from one window's middle to the next. The lengths are
in a file beside it, named token-stats where the first is named rates; a window without any takes its client's last, and
a client without any takes the median of all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from orchestrator.adapters.traces.arrivals import Arrival
from orchestrator.adapters.traces.rows import Clock, Row, header, rows
from orchestrator.core.errors import UsageError

COLUMNS = ("pool", "client", "t_s", "rate_rps", "cv", "dist", "p1", "p2")
LENGTHS = (
    "pool",
    "client",
    "window_s",
    "in_mean",
    "in_p50",
    "in_p95",
    "in_p99",
    "out_mean",
    "out_p50",
    "out_p95",
    "out_p99",
)
LEAST_CV, MOST_CV = 0.5, 30.0  # a window of few requests gives wilder ones, which say little about its seconds
Windows = dict[float, tuple[float, float]]  # t_s -> (rate, cv), or (prompt, generation) tokens of a request
Series = NDArray[np.float64]


def arrivals(path: Path, seed: int) -> Iterator[Arrival]:
    """Each second's requests of all clients."""
    clients, lengths = _windows(path), _lengths(path)
    starts = sorted({t_s for windows in clients.values() for t_s in windows})
    if not starts:
        return
    totals = _drawn(clients, lengths, np.array(starts), np.random.default_rng(seed))
    for second, amounts in enumerate(zip(*(series.tolist() for series in totals), strict=True)):
        yield Arrival(starts[0] + second, *amounts)


def _drawn(
    clients: Mapping[str, Windows], lengths: Mapping[str, Windows], starts: Series, random: np.random.Generator
) -> tuple[Series, Series, Series]:
    """Requests, prompt tokens and generated tokens of each second."""
    window_s = round(float(starts[1] - starts[0])) if len(starts) > 1 else 600
    seconds = np.arange(round(float(starts[-1] - starts[0])) + window_s)
    window_of = np.searchsorted(starts - starts[0], seconds, side="right") - 1
    requests, prompt, generation = np.zeros(len(seconds)), np.zeros(len(seconds)), np.zeros(len(seconds))
    for client, windows in clients.items():
        rate, cv = np.array([windows.get(t_s, (0.0, 0.0)) for t_s in starts.tolist()]).T
        spread = (np.clip(cv, LEAST_CV, MOST_CV) ** 2)[window_of]
        expected = np.interp(seconds, starts - starts[0] + window_s / 2, rate)
        some = expected > 0
        counts = np.zeros(len(seconds))
        counts[some] = random.gamma(expected[some] / spread[some], spread[some])
        each_prompt, each_generation = np.array([_length(lengths, client, t_s) for t_s in starts.tolist()]).T
        requests += counts
        prompt += counts * each_prompt[window_of]
        generation += counts * each_generation[window_of]
    return requests, prompt, generation


def _length(lengths: Mapping[str, Windows], client: str, t_s: float) -> tuple[float, float]:
    """Prompt and generated tokens of a request, by the latest window that is known."""
    known = lengths.get(client)
    if known is None:
        return lengths[""][0.0]
    return known[max((each for each in known if each <= t_s), default=min(known))]


def _windows(path: Path) -> dict[str, Windows]:
    found: dict[str, Windows] = defaultdict(dict)
    clocks: dict[str, Clock] = defaultdict(Clock)
    for row in rows(path, COLUMNS):
        client = row.fields[1]
        t_s = clocks[client].checked(row, row.number(2, "t_s"))
        _keep(found[client], row, t_s, row.number(3, "rate_rps"), row.number(4, "cv"))
    return found


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
            _keep(
                found[row.fields[1]],
                row,
                row.number(2, "window_s"),
                row.number(3, "in_mean"),
                row.number(7, "out_mean"),
            )
    every = [each for windows in found.values() for each in windows.values()]
    prompt, generation = zip(*every, strict=True) if every else ((0.0,), (1.0,))
    return {**found, "": {0.0: (median(prompt), median(generation))}}


def _keep(windows: Windows, row: Row, t_s: float, first: float, second: float) -> None:
    if t_s in windows:
        row.refuse(f"there is another line of client {row.fields[1]} for {t_s:.0f} s")
    windows[t_s] = first, second
