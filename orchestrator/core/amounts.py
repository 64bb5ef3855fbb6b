"""Amounts, and how the reasons that core gives write them."""

from __future__ import annotations

KIB, MIB, GIB = 2**10, 2**20, 2**30


def gib(amount_bytes: int) -> str:
    """Binary units, as NVIDIA and the kernel count: 80 GiB is 85.9 GB."""
    return f"{amount_bytes / GIB:,.1f} GiB"


def counted(number: int, noun: str) -> str:
    """The noun in the number that it takes, e.g. "1 slot", "4 slots"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
