"""How long replicas take from being asked for to being ready, and which of them seem never to get there."""

from __future__ import annotations

from dataclasses import dataclass, replace

PRIOR_STARTS, MOST_STARTS = 1.0, 8.0  # a prediction weighs as one start; of starts long ago little is left
STUCK_TIMES, LEAST_STUCK_S = 3.0, 30.0  # of the usual cold start, and however short it is: a busy host starts late


@dataclass(frozen=True)
class ColdStart:
    """The usual seconds, by how many starts, and when each replica that starts was asked for."""

    usual_s: float
    starts: float = PRIOR_STARTS
    asked_at_s: tuple[float, ...] = ()


def begun(cold: ColdStart, starting: int, now_s: float) -> ColdStart:
    """With so many replicas that start: further ones are asked for now, and those asked for last are given up first."""
    kept = cold.asked_at_s[:starting]
    return replace(cold, asked_at_s=kept + (now_s,) * (starting - len(kept)))


def ended(cold: ColdStart, ready: int, now_s: float) -> ColdStart:
    """After so many replicas more got ready; those that nobody asked for tell nothing."""
    took_s = [now_s - at_s for at_s in cold.asked_at_s[:ready]]
    for each_s in took_s:
        cold = _with(cold, each_s)
    return replace(cold, asked_at_s=cold.asked_at_s[ready:])


def stuck(cold: ColdStart, now_s: float) -> int:
    """How many that start have taken so long that they are not reckoned with."""
    return sum(now_s - at_s > stuck_s(cold) for at_s in cold.asked_at_s)


def stuck_s(cold: ColdStart) -> float:
    """After how long a replica that starts is not reckoned with."""
    return max(LEAST_STUCK_S, STUCK_TIMES * cold.usual_s)


def _with(cold: ColdStart, took_s: float) -> ColdStart:
    starts = min(MOST_STARTS, cold.starts + 1)
    return replace(cold, usual_s=cold.usual_s + (took_s - cold.usual_s) / starts, starts=starts)
