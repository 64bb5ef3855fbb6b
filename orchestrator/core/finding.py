"""What a check found amiss."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that is not as an engine needs it; a fatal one keeps the engine from starting."""

    subject: str  # e.g. "GPU 0", "/dev/shm"
    needed: str
    there: str
    hint: str
    fatal: bool = True

    def __str__(self) -> str:
        return f"{self.subject}: {self.needed} needed, {self.there}"
