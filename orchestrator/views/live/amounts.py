"""Numbers as narrow as a column; what nobody tells is a dash."""

from __future__ import annotations

from math import isfinite

from orchestrator.core.amounts import GIB
from orchestrator.views.units import age_text

NOTHING = "-"
UNITS = ((86400, "d"), (3600, "h"), (60, "m"))


def count(value: float | None) -> str:
    return NOTHING if value is None or not isfinite(value) else f"{value:,.0f}"


def rate(tok_s: float | None) -> str:
    """With a decimal where it says something."""
    if tok_s is None or not isfinite(tok_s):
        return NOTHING
    return f"{tok_s:.1f}" if 0 < tok_s < 10 else f"{tok_s:,.0f}"


def percent(share: float | None) -> str:
    """Of a share from 0 to 1."""
    return NOTHING if share is None or not isfinite(share) else f"{100 * share:.0f}%"


def seconds(value: float | None) -> str:
    if value is None or not isfinite(value):
        return NOTHING
    if value < 1:
        return f"{1000 * value:.0f}ms" if value >= 0.01 else f"{1000 * value:.1f}ms"
    return f"{value:.1f}s" if value < 100 else age_text(value)


def gibs(used: float | None, total: float | None = None) -> str:
    """Used of total, in GiB."""
    if used is None or not isfinite(used):
        return NOTHING
    most = "" if total is None else f"/{total / GIB:.0f}"
    return f"{used / GIB:.1f}{most}G"


def degrees(value: float | None) -> str:
    return NOTHING if value is None or not isfinite(value) else f"{value:.0f}°"


def watts(used: float | None, limit: float | None = None) -> str:
    if used is None or not isfinite(used):
        return NOTHING
    return f"{used:.0f}W" if limit is None else f"{used:.0f}/{limit:.0f}W"


def age(since_s: float | None, now_s: float) -> str:
    return NOTHING if since_s is None else age_in_steps(now_s - since_s)


def age_in_steps(seconds: float) -> str:
    """At least so long, in one unit, below a minute in tens: a screen where only time goes on hardly changes."""
    if not isfinite(seconds):
        return NOTHING
    whole = int(seconds)
    for unit_s, unit in UNITS:
        if whole >= unit_s:
            return f"{whole // unit_s}{unit}"
    return f"{whole // 10}0s" if whole >= 10 else "<10s"
