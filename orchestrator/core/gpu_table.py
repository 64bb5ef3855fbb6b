"""The kinds of GPU that are known, found by short name (`a100-80gb`) or by product name (as NVML tells it)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache

from orchestrator.core.gpu_spec import GpuSpec
from orchestrator.core.inventory import NotAvailable

SAME_MEMORY = 0.1  # ECC takes up to 1/16; variants that share a product name differ by more (RTX 3060: 8 or 12 GB)


@dataclass(frozen=True)
class GpuTable:
    """Kinds of GPU by short name, and other names of them."""

    specs: Mapping[str, GpuSpec] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)  # another name -> short name

    def by_name(self, text: str) -> GpuSpec | None:
        """The kind of a short name, an alias or a product name, whatever its case, spaces and underscores."""
        name = _short(text)
        named = self.specs.get(self.aliases.get(name, name))
        return named or next((spec for spec in self.specs.values() if name in map(_short, spec.products)), None)

    def by_product(self, product: str, memory_bytes: int | NotAvailable) -> GpuSpec | None:
        """The kind whose product name NVML tells and, where NVML tells it, whose memory is about this much."""
        return next((spec for spec in self.specs.values() if _is(spec, product, memory_bytes)), None)

    def near(self, text: str) -> tuple[str, ...]:
        """The short names that resemble a wrong one, the nearest first."""
        known = [*self.specs, *self.aliases]
        close = get_close_matches(_short(text), known, n=6, cutoff=0.5)
        return tuple(dict.fromkeys(self.aliases.get(name, name) for name in close))[:3]


def _is(spec: GpuSpec, product: str, memory_bytes: int | NotAvailable) -> bool:
    """Whether a product name and a reading of memory belong to the kind."""
    if _short(product) not in map(_short, spec.products):
        return False
    if isinstance(memory_bytes, NotAvailable) or spec.unified_memory:
        return True
    return abs(memory_bytes - spec.memory_bytes) <= SAME_MEMORY * spec.memory_bytes


@lru_cache(maxsize=4096)  # the table's own names are compared with each GPU of a cluster
def _short(text: str) -> str:
    """`RTX A6000` as `rtx-a6000`."""
    return re.sub(r"[\s_-]+", "-", text.strip().lower())
