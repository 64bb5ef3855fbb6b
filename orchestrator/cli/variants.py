"""`--variant NAME=CAPACITY,cost=…`: one kind of the replicas of a pool that is simulated."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from click import BadParameter

MOST_REPLICAS = 100_000
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
EXAMPLE = "gptq=1500,cost=0.8,cold-start=90,min=0,max=4"
MOST = {"cost": 1e9, "cold-start": 86400.0, "min": MOST_REPLICAS, "max": MOST_REPLICAS}


@dataclass(frozen=True)
class VariantAsked:
    """What was said of a variant; None of what goes by the options for all of them."""

    name: str
    capacity: float
    cost: float = 1.0
    cold_start_s: float | None = None
    min_replicas: int | None = None
    max_replicas: int | None = None


def parse_variants(texts: Iterable[str]) -> tuple[VariantAsked, ...]:
    """In their order; raises BadParameter for what is no variant, or two of one name."""
    variants: dict[str, VariantAsked] = {}
    for text in texts:
        variant = _variant(text)
        if variant.name in variants:
            raise BadParameter(f"expected one variant named {variant.name}, got two")
        variants[variant.name] = variant
    return tuple(variants.values())


def _variant(text: str) -> VariantAsked:
    head, *rest = text.split(",")
    name, _, capacity = head.partition("=")
    if not NAME.fullmatch(name):
        raise BadParameter(f"expected NAME=CAPACITY, such as {EXAMPLE}, got {text!r}")
    said: dict[str, float] = {}
    for field in rest:
        key, _, value = field.partition("=")
        if key not in MOST or key in said:
            raise BadParameter(f"expected each of {', '.join(MOST)} once at most, as in {EXAMPLE}, got {field!r}")
        said[key] = _number(key, value, 0.0, MOST[key])
    return VariantAsked(
        name,
        _number("the capacity", capacity, math.ulp(0.0), 1e9),
        said.get("cost", 1.0),
        said.get("cold-start"),
        _whole(said, "min"),
        _whole(said, "max"),
    )


def _number(name: str, text: str, least: float, most: float) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not least <= number <= most:
        above = "above 0" if least else "from 0"
        raise BadParameter(f"{name}: expected a number {above} to {most:g}, got {text!r}")
    return number


def _whole(said: Mapping[str, float], key: str) -> int | None:
    number = said.get(key)
    if number is not None and number != int(number):
        raise BadParameter(f"{key}: expected a whole number of replicas, got {number:g}")
    return None if number is None else int(number)
