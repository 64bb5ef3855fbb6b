"""Something that happened to a fleet."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to one of them, and when."""

    at_s: float  # Unix time
    severity: Severity
    subject: str  # a replica, a GPU, a source, or the fleet
    message: str
