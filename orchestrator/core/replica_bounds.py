"""Between how many replicas a fleet may have, where their number follows the load."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.core.errors import UsageError


@dataclass(frozen=True)
class ReplicaBounds:
    """Of all variants together, or of one."""

    min_replicas: int
    max_replicas: int

    def __str__(self) -> str:
        return f"{self.min_replicas}..{self.max_replicas}"

    @property
    def fixed(self) -> bool:
        """Whether there is nothing to choose."""
        return self.min_replicas == self.max_replicas


def exactly(num_replicas: int) -> ReplicaBounds:
    return ReplicaBounds(num_replicas, num_replicas)


def checked_bounds(min_replicas: int, max_replicas: int, hint: str) -> ReplicaBounds:
    """Raises UsageError where no number is between them."""
    if min_replicas > max_replicas:
        raise UsageError(f"at least {min_replicas} and at most {max_replicas} replicas are no range", hint=hint)
    return ReplicaBounds(min_replicas, max_replicas)
