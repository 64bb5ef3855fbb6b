"""Kubernetes quantities: "32Gi", "7910m", "1e3"; what is none of them is None, never zero."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

MILLI = Decimal("0.001")
SUFFIXES = {
    "n": MILLI**3,
    "u": MILLI**2,
    "m": MILLI,
    "": Decimal(1),
    **{suffix: Decimal(1000) ** power for power, suffix in enumerate("kMGTPE", 1)},
    **{f"{suffix}i": Decimal(1024) ** power for power, suffix in enumerate("KMGTPE", 1)},
}
QUANTITY = re.compile(
    r"([+-]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30}))(?:([eE][+-]?\d{1,2})|([KMGTPE]i|[numkMGTPE])?)", re.ASCII
)

Amounts = Mapping[str, Decimal]  # by the resource's name: cores, bytes, devices


def quantity(value: Any) -> Decimal | None:
    """The number that a quantity stands for; API servers take plain numbers too."""
    return None if isinstance(value, bool) else _read(str(value))


@lru_cache(maxsize=4096)  # pods ask for the same few amounts
def _read(text: str) -> Decimal | None:
    parts = QUANTITY.fullmatch(text)
    if parts is None:
        return None
    return Decimal(parts[1] + (parts[2] or "")) * SUFFIXES[parts[3] or ""]


def amounts(value: Any) -> dict[str, Decimal]:
    """The quantities of a resource list that can be read."""
    return {str(name): number for name, text in mapping(value).items() if (number := quantity(text)) is not None}


def amount_text(amount: Decimal) -> str:
    """Whole GiB or MiB as such, anything else as the number."""
    for unit, size in (("Gi", 2**30), ("Mi", 2**20)):
        if amount >= size and amount % size == 0:
            return f"{amount / size:f}{unit}"
    return f"{amount.normalize():f}"


def mapping(value: Any) -> Mapping[str, Any]:
    """A field of an API object that should be one, or nothing."""
    return value if isinstance(value, dict) else {}


def mappings(value: Any) -> list[Mapping[str, Any]]:
    """A field that should be a list of objects: those that are."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
