"""What kind of processor a replica computes on."""

from __future__ import annotations

from enum import StrEnum


class Device(StrEnum):
    CPU = "cpu"
    GPU = "gpu"
