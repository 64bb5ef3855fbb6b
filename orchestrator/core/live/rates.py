"""How fast totals grow between two readings of the same counter."""

from __future__ import annotations

from math import isfinite

from orchestrator.core.fleet import EngineView, Fleet

MINUTE_S = 60.0
MEASURABLE_TOKENS = 8  # fewer in a window say nothing of how long one takes


def rate(before: float, now: float, seconds: float) -> float | None:
    """Per second; None where no time has gone by, the counter began anew, or it is no number."""
    added = now - before
    return added / seconds if seconds > 0 and isfinite(added) and added >= 0 else None


def engines(fleet: Fleet | None) -> dict[str, EngineView]:
    """By the id of their replica."""
    return {each.replica_id: each.engine for each in fleet.replicas if each.engine} if fleet else {}


def tpot_s(before: EngineView, now: EngineView) -> float | None:
    """Seconds a token of one stream, on average; None where hardly one was generated."""
    tokens = now.generation_tokens_total - before.generation_tokens_total
    spent_s = now.generation_s_total - before.generation_s_total
    return spent_s / tokens if tokens >= MEASURABLE_TOKENS and spent_s > 0 else None


def prefix_cache_hits(before: EngineView, now: EngineView) -> float | None:
    """Share of the prompts' tokens that were found in the cache, 0 to 1; None where none was looked for."""
    found, sought = now.prefix_cache_hits_total, now.prefix_cache_queries_total
    if found is None or sought is None:
        return None
    sought -= before.prefix_cache_queries_total or 0
    found -= before.prefix_cache_hits_total or 0
    return found / sought if 0 <= found <= sought and sought > 0 else None


def per_min(before: float, now: float, seconds: float) -> float | None:
    """As `rate`, in a minute."""
    per_s = rate(before, now, seconds)
    return None if per_s is None else per_s * MINUTE_S
