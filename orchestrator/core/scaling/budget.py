"""What fleets may cost together, as a user names it."""

from __future__ import annotations

import re
from dataclasses import dataclass

NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")


@dataclass(frozen=True)
class Budget:
    """An hour of all fleets that name it, in the currency of their prices, or in GPUs where none is given."""

    name: str
    per_hour: float

    def __str__(self) -> str:
        return f"{self.name}={self.per_hour:g}"


def parse_budget(text: str) -> Budget:
    """Read e.g. team=8; raises ValueError, which says what was expected."""
    name, _, amount = text.partition("=")
    if not NAME.fullmatch(name) or not re.fullmatch(r"\d{1,9}(\.\d+)?", amount) or not float(amount):
        raise ValueError(f"expected a name of a-z, 0-9 and '-', and an amount above 0, e.g. team=8, got {text!r}")
    return Budget(name, float(amount))
