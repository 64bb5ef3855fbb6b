"""The memory of one replica: a bar, and a table of its parts with the arithmetic."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.core.device import Device
from orchestrator.core.device_memory import Memory
from orchestrator.core.plan import Fit, Misfit
from orchestrator.core.profile import Profile
from orchestrator.views.bar import FREE, memory_bar, part_letters
from orchestrator.views.table import GAP, hanging, indent, wrapped_table
from orchestrator.views.units import size_text

HEADERS = ("PART", "NEEDS", "HOW")
WIDEST_BAR = 72  # wider says no more


def fit_memory_text(fit: Fit, width: int) -> str:
    """Of a replica that fits."""
    where = "its host" if fit.device is Device.CPU else f"each {fit.device_name or 'GPU'}"
    return memory_text(fit.profile, fit.memory, where, width)


def misfit_memory_text(misfit: Misfit, width: int) -> Iterator[str]:
    """Of a replica that does not fit, where memory is what it lacks."""
    if misfit.memory is not None:
        where = "each GPU" if misfit.profile.min_compute_capability else "its host"
        yield memory_text(misfit.profile, misfit.memory, where, width)


def memory_text(profile: Profile, memory: Memory, where: str, width: int) -> str:
    """What one replica needs of each device, part by part, against what is there."""
    bar = memory_bar(memory, min(WIDEST_BAR, width - len(GAP)))
    return "\n".join(
        (
            *hanging(f"Memory of one replica of {profile.name} on {where}", width),
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
