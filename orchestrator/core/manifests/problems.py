"""What stands against applying a fleet's objects, each problem with what can be done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.core.errors import EnvironmentNotReady


@dataclass(frozen=True)
class Problem:
    """One thing that is missing or in the way."""

    message: str
    hint: str | None = None


def require_none(problems: Iterable[Problem]) -> None:
    """Raises EnvironmentNotReady with all problems at once, and the hint of the first that has one."""
    found = list(dict.fromkeys(problems))
    if not found:
        return
    hint = next((each.hint for each in found if each.hint), None)
    if len(found) == 1:
        raise EnvironmentNotReady(found[0].message, hint=hint)
    said = "".join(f"\n  - {each.message}" for each in found)
    raise EnvironmentNotReady(f"{len(found)} things stand against it:{said}", hint=hint)
