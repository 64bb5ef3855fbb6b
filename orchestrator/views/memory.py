"""The memory of one replica: a bar, and a table of its parts with the arithmetic."""

from __future__ import annotations

from orchestrator.core.plan import Device, Memory
from orchestrator.core.profile import Profile
from orchestrator.views.bar import FREE, memory_bar, part_letters
from orchestrator.views.table import GAP, indent, wrapped_table
from orchestrator.views.units import size_text

HEADERS = ("PART", "NEEDS", "HOW")
WIDEST_BAR = 72  # wider says no more


def memory_text(profile: Profile, memory: Memory, device: Device, width: int) -> str:
    """What one replica needs of each device, part by part, against what is there."""
    where = "its host" if device is Device.CPU else "each GPU"
    bar = memory_bar(memory, min(WIDEST_BAR, width - len(GAP)))
    return "\n".join(
        (
            f"Memory of one replica of {profile.name} on {where}",
            f"{GAP}{bar}",
            indent(wrapped_table(HEADERS, memory_rows(memory), width - len(GAP))),
        )
    )


def memory_rows(memory: Memory) -> list[tuple[str, ...]]:
    """One row a part with its letter in the bar, then what is left of what is there."""
    letters = part_letters([part.name for part in memory.parts])
    parts = [
        (f"{letter} {part.name}", size_text(part.bytes), part.why)
        for letter, part in zip(letters, memory.parts, strict=True)
    ]
    left = f"of {size_text(memory.available_bytes)} usable" + (
        f": {memory.available_why}" if memory.available_why else ""
    )
    return [*parts, (f"{FREE} headroom", size_text(memory.headroom_bytes), left)]
