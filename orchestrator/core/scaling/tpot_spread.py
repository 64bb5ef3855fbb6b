"""How far the time per token (TPOT) of single requests strays from the mean that their variant's pace tells of.

A goal is for a share of requests, a pace is a mean: what may be planned is the mean at which so many are in time. The
gateway counts requests by their TPOT; each is held against the mean of the time in which it was written.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from orchestrator.core.scaling.pace import Line, Written

WIDTH = 0.05  # of a bin, in logarithms of seconds
LEAST_S, MOST_S = 1e-4, 40.0
BINS = 1 + int(math.log(MOST_S / LEAST_S) / WIDTH)
MOST_REQUESTS, MEMORY_S = 10_000.0, 86_400.0  # of requests, or of a variant that writes: beyond both they fade

TpotCounts = Mapping[int, float]  # requests by the bin of their TPOT


@dataclass(frozen=True)
class TpotSpread:
    """Requests by their bin less that of the mean, the mean of late in seconds, and what was counted at the last look.

    A mean of 0 s is of a variant that has not written yet; `written_s` is for how long it wrote since a request ended.
    """

    requests: TpotCounts = field(default_factory=dict)
    mean_s: float = 0.0
    counted: TpotCounts = field(default_factory=dict)
    written_s: float = 0.0


def tpot_bin(tpot_s: float) -> int:
    """Of a number of seconds; what is beyond all bins is in the first or the last."""
    return int(math.log(min(max(LEAST_S, tpot_s), MOST_S) / LEAST_S) / WIDTH)


def with_writing(spread: TpotSpread, written: Iterable[Written], line: Line | None, tokens: float) -> TpotSpread:
    """After these times of replicas that wrote; the mean is of the last seconds, as many as `tokens` take."""
    streams, stream_s, tpot_s = 0.0, 0.0, 0.0
    for each in written:
        streams += each.running
        stream_s += each.running * each.seconds
        tpot_s += each.running * (line.alone + line.each * each.running) if line else 0.0
    if not streams or not tpot_s:
        return spread
    wrote_s, request_s = stream_s / streams, tokens * spread.mean_s
    share = min(1.0, wrote_s / request_s) if request_s else 1.0
    mean_s = spread.mean_s + share * (tpot_s / streams - spread.mean_s)
    return TpotSpread(spread.requests, mean_s, spread.counted, spread.written_s + wrote_s)


def with_requests(spread: TpotSpread, counted: TpotCounts) -> TpotSpread:
    """After those that have ended by now; where a count has fallen, it is only counted on from here."""
    before = spread.counted
    if not counted or counted == before:
        return spread
    fallen = any(counted.get(place, 0.0) < count for place, count in before.items())
    if fallen or not spread.mean_s:
        return replace(spread, counted=counted)
    ended = {place: count - before.get(place, 0.0) for place, count in counted.items()}
    return TpotSpread(_with_ended(spread, ended), spread.mean_s, counted)


def tpot_ratio(spread: TpotSpread, attainment: float) -> float:
    """Of a TPOT to the mean, which no more than the other requests exceed, less one; 1 at least.

    That one is let off, since a share of what was seen at first is less than one.
    """
    left = (1 - attainment) * sum(spread.requests.values()) + 1
    for place in sorted(spread.requests, reverse=True):
        left -= spread.requests[place]
        if place <= 0 or left < 0:
            return math.exp(WIDTH * max(0, place))
    return 1.0


def _with_ended(spread: TpotSpread, ended: TpotCounts) -> TpotCounts:
    known, mean_bin = sum(spread.requests.values()), tpot_bin(spread.mean_s)
    room = MOST_REQUESTS - sum(ended.values())
    kept = max(0.0, 1 - spread.written_s / MEMORY_S, room / known) if known > max(0.0, room) else 1.0
    after = {place: kept * count for place, count in spread.requests.items()}
    for place, count in ended.items():
        if count:
            after[place - mean_bin] = after.get(place - mean_bin, 0.0) + count
    return after
