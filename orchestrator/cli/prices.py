"""`--price NAME=AMOUNT` as `Prices`: short names of GPUs become the products that NVML names."""

from __future__ import annotations

import math
from collections.abc import Iterable

from click import BadParameter

from orchestrator.core.wish import NO_PRICES, Prices

ANY_GPU, HOST = "gpu", "host"


def read_prices(texts: Iterable[str]) -> Prices:
    """Raises BadParameter for what is no price, a GPU that the table lacks, or one thing with two prices."""
    hours: dict[str, float] = {}
    for text in texts:
        name, amount = _split(text)
        for key in (name,) if name in (ANY_GPU, HOST) else _products(name):
            if hours.setdefault(key, amount) != amount:
                raise BadParameter(f"expected one price of {key}, got {hours[key]:g} and {amount:g}")
    if not hours:
        return NO_PRICES
    any_gpu, host = hours.pop(ANY_GPU, None), hours.pop(HOST, None)
    return Prices(tuple(sorted(hours.items())), any_gpu, host)


def _split(text: str) -> tuple[str, float]:
    name, _, number = text.rpartition("=")
    try:
        amount = float(number)
    except ValueError:
        amount = math.nan
    if not name or not (math.isfinite(amount) and amount >= 0):
        raise BadParameter(f"expected NAME=AMOUNT with an amount of at least 0, got {text!r}")
    return name.strip(), amount


def _products(name: str) -> tuple[str, ...]:
    """The GPU table is read only when a GPU is named."""
    from orchestrator.adapters.described_gpus import unknown_gpu
    from orchestrator.cli.compose.catalog import gpu_table

    table = gpu_table()
    spec = table.by_name(name)
    if spec is None:
        raise BadParameter(f"expected gpu, host or {unknown_gpu(table, name)}")
    return spec.products
