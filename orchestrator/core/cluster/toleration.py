"""Taints that keep pods off a node, and tolerations that let them on all the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orchestrator.core.errors import UsageError

BARRING = ("NoSchedule", "NoExecute")
EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
PART = r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
TOLERATION = re.compile(rf"([a-z0-9]([a-z0-9.-]{{0,251}}[a-z0-9])?/)?{PART}(=({PART})?)?(:[A-Za-z]+)?")
HINT = "qorch render --tolerate team=llm:NoSchedule"


@dataclass(frozen=True)
class Taint:
    """What keeps pods off a node."""

    key: str
    value: str
    effect: str

    def __str__(self) -> str:
        return f"{self.key}{'=' if self.value else ''}{self.value}:{self.effect}"


@dataclass(frozen=True)
class Toleration:
    """Of taints with this key; of any value and effect where none is said. Raises UsageError for what no taint has."""

    key: str
    value: str | None = None
    effect: str | None = None

    def __post_init__(self) -> None:
        if not TOLERATION.fullmatch(str(self)) or self.effect not in (None, *EFFECTS):
            raise UsageError(
                f"expected KEY[=VALUE][:EFFECT], where the effect is {', '.join(EFFECTS[:-1])} or {EFFECTS[-1]}, "
                f"got {str(self)!r}",
                hint=HINT,
            )

    def __str__(self) -> str:
        value = "" if self.value is None else f"={self.value}"
        return f"{self.key}{value}" + ("" if self.effect is None else f":{self.effect}")

    def tolerates(self, taint: Taint) -> bool:
        return self.key == taint.key and self.value in (None, taint.value) and self.effect in (None, taint.effect)


GPU_TOLERATION = Toleration("nvidia.com/gpu", effect="NoSchedule")  # of the taint that keeps pods without GPUs off


def parse_toleration(text: str) -> Toleration:
    """From KEY[=VALUE][:EFFECT], as `kubectl taint` writes taints; raises UsageError."""
    rest, colon, effect = text.partition(":")
    key, equals, value = rest.partition("=")
    return Toleration(key, value if equals else None, effect if colon else None)


def barring(taints: Iterable[Taint], tolerations: Sequence[Toleration]) -> list[Taint]:
    """Those that keep pods with these tolerations off."""
    return [
        taint for taint in taints if taint.effect in BARRING and not any(one.tolerates(taint) for one in tolerations)
    ]
