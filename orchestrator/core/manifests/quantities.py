"""Amounts as Kubernetes writes them itself, so that what it gives back is what was applied."""

from __future__ import annotations

from orchestrator.core.amounts import KIB, MIB

SUFFIXES = ("Mi", "Gi", "Ti")


def memory(amount_bytes: int) -> str:
    """Whole MiB, rounded up, in the largest unit that divides them."""
    amount, unit = -(-amount_bytes // MIB), 0
    while amount and amount % KIB == 0 and unit < len(SUFFIXES) - 1:
        amount, unit = amount // KIB, unit + 1
    return f"{amount}{SUFFIXES[unit]}"
