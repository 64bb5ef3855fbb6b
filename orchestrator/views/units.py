"""Amounts as people read them; binary units for memory, as NVIDIA and the kernel count it."""

from __future__ import annotations

from datetime import datetime
from math import isfinite

from orchestrator.core.amounts import GIB, KIB, MIB, gib

BILLION, MILLION = 10**9, 10**6


def size_text(amount_bytes: int) -> str:
    """Bytes in the largest binary unit that leaves a whole part, e.g. "28.7 GiB"."""
    if abs(amount_bytes) >= GIB:
        return gib(amount_bytes)
    unit_bytes, unit = (MIB, "MiB") if abs(amount_bytes) >= MIB else (KIB, "KiB")
    return f"{amount_bytes / unit_bytes:,.1f} {unit}"


def tokens_text(tokens: int) -> str:
    """Tokens with separators: K would leave open whether it is 1,000 or 1,024."""
    return f"{tokens:,}"


def parameters_text(parameters: int) -> str:
    """Weights in decimal units, as models are named by them, e.g. "27.8B"."""
    if parameters >= BILLION:
        return f"{parameters / BILLION:,.1f}B"
    return f"{parameters / MILLION:,.1f}M"


def rate_text(tok_s: float) -> str:
    """Tokens a second, with a decimal where it says something."""
    return f"{tok_s:,.1f} tok/s" if tok_s < 100 else f"{tok_s:,.0f} tok/s"


def seconds_text(duration_s: float) -> str:
    """Seconds, or minutes where there are several."""
    if duration_s >= 180:
        return f"{duration_s / 60:,.1f} min"
    return f"{duration_s:.2f} s" if duration_s < 10 else f"{duration_s:.0f} s"


def money_text(amount: float) -> str:
    """In the user's currency; small amounts keep two figures that say something."""
    return f"{amount:,.2f}" if amount >= 0.1 or amount == 0 else f"{amount:.2g}"


def age_text(seconds: float) -> str:
    """A duration in its two largest units, e.g. "3m12s"; "?" where it is no number."""
    if not isfinite(seconds):
        return "?"
    whole = max(0, int(seconds))
    for unit_s, unit, part_s, part in ((86400, "d", 3600, "h"), (3600, "h", 60, "m"), (60, "m", 1, "s")):
        if whole >= unit_s:
            return f"{whole // unit_s}{unit}{whole % unit_s // part_s}{part}"
    return f"{whole}s"


def local_time(at_s: float) -> str:
    """A moment of Unix time as the clock on the wall shows it."""
    return datetime.fromtimestamp(at_s).strftime("%Y-%m-%d %H:%M:%S")
