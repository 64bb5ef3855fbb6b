"""From the work that is wanted to whole replicas of each variant, none of which is asked for and let go at once."""

from __future__ import annotations

from orchestrator.core.scaling.decision import DecisionStep
from orchestrator.core.scaling.load import Load
from orchestrator.core.scaling.memory import ScalingMemory
from orchestrator.core.scaling.mix import capacity, mixed
from orchestrator.core.scaling.policy import ScalingPolicy
from orchestrator.core.scaling.swap import Swapped, swapped
from orchestrator.core.scaling.times import Times


def steady(load: Load, unit: float, wanted: float, units: float) -> tuple[float, str]:
    """All that is there where no spread is spare beside a replica; of several variants `mixed` knows best."""
    if len(load.variants) > 1 or not wanted:
        return wanted, ""
    replica = load.variants[0].capacity / unit
    there = replica * load.variants[0].replicas
    spare = replica + units * max(0.0, 1 - replica / wanted)  # the last but one goes as soon as one is enough
    if not there - spare < wanted < there:
        return wanted, ""
    return there - replica / 2, f"; none of {there:.1f} goes before {spare:.1f} are spare"  # half: rounding adds none


def counted(
    load: Load, policy: ScalingPolicy, times: Times, seen: ScalingMemory, needed: float
) -> tuple[dict[str, int], dict[str, int], Swapped | None]:
    """Replicas for so much work a second within the budget and without one; of several variants, a cheaper mix."""
    settled = _settled(load, times, seen)
    counts = mixed(load.variants, needed, policy.budget, settled)
    free = counts if policy.budget is None else mixed(load.variants, needed, None, settled)
    if not settled or len(load.variants) == 1:
        return counts, free, None
    swap = swapped(load, counts, needed, policy.budget, seen.forgone)
    if swap.counts is counts:
        return counts, free, swap
    return swap.counts, {name: max(count, swap.counts[name]) for name, count in free.items()}, swap


def _settled(load: Load, times: Times, seen: ScalingMemory) -> bool:
    """Whether all that was asked for at the height of what is wanted is ready; one variant makes nothing spare."""
    return len(load.variants) == 1 or load.now_s - seen.wanted[0].at_s >= times.cold_start_s


def reached(load: Load, unit: float, counts: dict[str, int], wanted: float) -> DecisionStep:
    """What the replicas do, and how much of what is wanted is missing."""
    done = capacity(load.variants, counts) / unit
    short = wanted - done
    why = f"{short:.1f} short: bounds or budget allow no more" if short > 1e-9 else "enough"
    return DecisionStep("replicas", sum(counts.values()), f"that do the work of {done:g}: {why}")
