"""How fast a replica writes while it serves so many at once, and so how many it may serve within a TPOT goal.

The time for each token of a stream is taken to be `alone + each * running`: a pass over the weights, and what each
further stream adds to it. Both are fitted by least squares over the tokens that were written; the plan's prediction
counts as a little of what was seen.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from orchestrator.core.prediction import Prediction

PRIOR_S = 10.0  # a prediction weighs as much as so long a time of one stream, and of as many as there can be
MEMORY_S = 3600.0  # of replicas that write; what is older fades
LEAST_SPREAD = 1e-6  # of numbers of streams, squared over their mean, by which a slope is told


class Written(NamedTuple):
    """Tokens that a replica wrote in some seconds, with so many running on average."""

    tokens: float
    running: float
    seconds: float


class Pace(NamedTuple):
    """Sums over the tokens written, and the seconds of `running` streams that they took."""

    tokens: float = 0.0
    running: float = 0.0  # tokens times the streams running beside each
    square: float = 0.0  # the same, squared
    stream_s: float = 0.0
    running_stream_s: float = 0.0  # times the streams running
    seconds: float = 0.0


UNSEEN = Pace()


class Line(NamedTuple):
    """Seconds for each token of a stream: `alone + each * running`."""

    alone: float
    each: float


def predicted_pace(said: Prediction) -> Pace:
    """By the plan: one stream, and as many as saturate a replica."""
    many = said.saturation_concurrency
    seen = [Written(said.decode_tok_s * PRIOR_S, 1.0, PRIOR_S)]
    return with_written(UNSEEN, [*seen, Written(said.saturation_tok_s * PRIOR_S, many, PRIOR_S)])


def with_written(pace: Pace, written: Iterable[Written]) -> Pace:
    """After these times of replicas that wrote."""
    wrote, by_running, square, stream_s, running_stream_s, watched_s = pace
    for tokens, running, seconds in written:
        kept = max(0.0, 1 - seconds / MEMORY_S) if watched_s + seconds > MEMORY_S else 1.0
        wrote = kept * wrote + tokens
        by_running = kept * by_running + tokens * running
        square = kept * square + tokens * running * running
        stream_s = kept * stream_s + running * seconds
        running_stream_s = kept * running_stream_s + running * running * seconds
        watched_s = kept * watched_s + seconds
    return Pace(wrote, by_running, square, stream_s, running_stream_s, watched_s)


def line(pace: Pace) -> Line | None:
    """None while nothing was seen; where only one number of streams was, each is taken to add its share."""
    if not pace.tokens or not pace.running:
        return None
    steepest = pace.stream_s / pace.running
    spread = pace.tokens * pace.square - pace.running**2
    if spread <= LEAST_SPREAD * pace.running**2:
        return Line(0.0, steepest)
    slope = (pace.tokens * pace.running_stream_s - pace.running * pace.stream_s) / spread
    each = min(max(slope, 0.0), steepest)
    return Line((pace.stream_s - each * pace.running) / pace.tokens, each)


def most_running(pace: Pace, tpot_s: float) -> float:
    """Streams at once that each have a token within so many seconds, at least one; without bound while unknown."""
    known = line(pace)
    if known is None or (not known.each and known.alone <= tpot_s):
        return math.inf
    return max(1.0, (tpot_s - known.alone) / known.each) if known.each else 1.0


def written_tok_s(pace: Pace, running: float) -> float:
    """Of so many streams together; without bound while unknown."""
    known = line(pace)
    return math.inf if known is None else running / (known.alone + known.each * running)
