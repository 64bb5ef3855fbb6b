"""A scaling rule, as a replay asks it, and the way to make one that counts the replicas of a single variant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from orchestrator.core.scaling.load import Load, VariantLoad

M = TypeVar("M")
Rule = Callable[[Load, Any], tuple[Mapping[str, int], Any]]  # wanted replicas by variant, and the rule's memory
Count = Callable[[Load, VariantLoad, M], tuple[int, M]]


def one_variant(count: Count[M], empty: M) -> Rule:
    """The rule that has the variant of the cheapest work as `count` says and every other one at its least.

    Where metrics are missing it holds, as every peer does. `empty` is the memory at first.
    """

    def rule(load: Load, memory: M | None) -> tuple[Mapping[str, int], M]:
        known = empty if memory is None else memory
        if load.arrived is None:
            return {each.name: each.replicas for each in load.variants}, known
        main = min(load.variants, key=lambda each: each.cost / each.capacity)
        wanted, known = count(load, main, known)
        others = {each.name: each.min_replicas for each in load.variants}
        return {**others, main.name: min(max(wanted, main.min_replicas), main.max_replicas)}, known

    return rule
