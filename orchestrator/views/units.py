"""Amounts as people read them; binary units for memory, as NVIDIA and the kernel count it."""

from __future__ import annotations

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
