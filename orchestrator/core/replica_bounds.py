"""Between how many replicas a fleet may have, where their number follows the load."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ReplicaBounds:
    """Of all variants together, or of one."""

    min_replicas: int
    max_replicas: int

    def __str__(self) -> str:
        return f"{self.min_replicas}..{self.max_replicas}"
