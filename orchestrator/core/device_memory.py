"""What one device must hold for one replica, part by part."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MemoryPart:
    """One part of what a replica needs, per device: weights, kv_cache, recurrent_state, activations, overhead."""

    name: str
    bytes: int
    why: str  # the arithmetic, e.g. "8 layers x 2 x 4 heads x 256 x 2 B x 32,768 tokens"


@dataclass(frozen=True)
class Memory:
    """What one device must hold for one replica, part by part, against what it has."""

    parts: tuple[MemoryPart, ...]
    available_bytes: int
    available_why: str = ""  # the arithmetic, e.g. "92 % of 80 GiB"

    @property
    def needed_bytes(self) -> int:
        return sum(part.bytes for part in self.parts)

    @property
    def headroom_bytes(self) -> int:
        """What remains; negative where it does not fit."""
        return self.available_bytes - self.needed_bytes
