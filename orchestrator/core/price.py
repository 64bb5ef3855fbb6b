"""What a fit costs, from the prices that the user gave."""

from __future__ import annotations

from orchestrator.core.device import Device
from orchestrator.core.plan import Fit
from orchestrator.core.wish import Prices

SECONDS_OF_HOUR = 3600
MILLION = 1_000_000


def price_per_hour(fit: Fit, prices: Prices) -> float | None:
    """Of one replica; None where no price was given for what it runs on."""
    if fit.device is Device.CPU:
        return None if prices.host_hour is None else prices.host_hour / fit.replicas_per_host
    if isinstance(fit.gpu_indices[0], str):
        return None  # a MIG slice has no price of its own, and not the whole GPU's
    named = dict(prices.gpu_hour).get(fit.device_name, prices.any_gpu_hour)
    return None if named is None else named * fit.num_gpus


def hourly_cost(price: float | None, num_gpus: int) -> float:
    """Of a replica; without a price, GPUs count alike, and a replica that has none as one."""
    return max(1.0, num_gpus) if price is None else price


def cost_per_million(per_hour: float, tok_s: float) -> float:
    """Of a million generated tokens, at `tok_s` all the time."""
    return per_hour / (tok_s * SECONDS_OF_HOUR) * MILLION
