"""What differs between a fleet and a plan, for people and for programs."""

from __future__ import annotations

from typing import Any

from orchestrator.core.plan_diff import Difference
from orchestrator.views.plain import plain
from orchestrator.views.table import table

HEADERS = ("", "RUNS", "PLANNED")


def diff_text(fleet: str, differences: tuple[Difference, ...]) -> str:
    if not differences:
        return f"the fleet {fleet!r} runs as planned"
    rows = [(each.name, _shown(each.running), _shown(each.planned)) for each in differences]
    return f"the fleet {fleet!r} differs from the plan\n\n{table(HEADERS, rows)}"


def diff_data(fleet: str, differences: tuple[Difference, ...]) -> dict[str, Any]:
    return {"fleet": fleet, "differs": bool(differences), "differences": plain(differences)}


def _shown(value: str | int) -> str:
    return f"{value:,}" if isinstance(value, int) else value
