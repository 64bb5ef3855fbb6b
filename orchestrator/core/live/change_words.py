"""A scaling decision in a few words."""

from __future__ import annotations

from orchestrator.core.fleet import Decided


def change_words(decided: Decided) -> str:
    """Replicas of each variant, before and after, e.g. "gguf 1 → 3"."""
    replicas = decided.decision.replicas
    return ", ".join(f"{name} {_change(decided.before.get(name), count)}" for name, count in replicas.items())


def _change(old: int | None, new: int) -> str:
    return str(new) if old is None or old == new else f"{old} → {new}"
