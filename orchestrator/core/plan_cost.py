"""What a whole plan costs, from the prices that the user gave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.core.device import Device
from orchestrator.core.plan import Placement
from orchestrator.core.price import cost_per_million, price_per_hour
from orchestrator.core.wish import Prices


@dataclass(frozen=True)
class Cost:
    """In the user's currency; `per_million` generated tokens while all replicas are saturated."""

    per_hour: float
    per_million: float | None  # None where the speed is not predicted


def plan_cost(placements: Sequence[Placement], prices: Prices) -> Cost | None:
    """Of all replicas together; None where the price of one of them was not given."""
    hours = [price_per_hour(each.fit, prices) for each in placements]
    if not placements or None in hours:
        return None
    per_hour = sum((hour or 0.0) * each.num_replicas for hour, each in zip(hours, placements, strict=True))
    tok_s = saturation_tok_s(placements)
    return Cost(per_hour, cost_per_million(per_hour, tok_s) if tok_s else None)


def unpriced(placements: Sequence[Placement], prices: Prices) -> tuple[str, ...]:
    """What runs something and has no price: GPUs by their product, or the host."""
    fits = (each.fit for each in placements if price_per_hour(each.fit, prices) is None)
    return tuple(dict.fromkeys("the host" if fit.device is Device.CPU else fit.device_name for fit in fits))


def saturation_tok_s(placements: Sequence[Placement]) -> float | None:
    """Of all replicas together; None where one of them is not predicted."""
    rates = [(each.fit.prediction, each.num_replicas) for each in placements]
    if any(prediction is None for prediction, _ in rates):
        return None
    return sum(prediction.saturation_tok_s * count for prediction, count in rates if prediction)
