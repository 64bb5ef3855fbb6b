"""Fits an engine's constants to measurements; `python -m bench.prediction_fit` prints them for `profiles/prediction`.

Least squares over the logarithm of predicted by measured, softened so that a wild point pulls little. All engines
are fitted as one first; each engine's own constants then leave that as far as its points pull them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from math import exp, log

import numpy as np
from scipy.optimize import least_squares

from bench.prediction_points import Point, decode_points, silicon_points
from orchestrator.core.engine_speed import EngineSpeed
from orchestrator.core.load_time import Times, times
from orchestrator.core.pass_time import Engine

TTFT_WEIGHT = 0.35  # its points scatter by three times as much
DECODE_WEIGHT = 1.0  # of a published single figure, which stands for a GPU or a format that has no other
PRIOR_WEIGHT, OWN_WEIGHT = 0.02, 0.06
SOFT = 0.08

# Where the search starts, and its bounds: what hardware and engines can plausibly do.
BOUNDS: dict[str, tuple[float, float, float]] = {
    "bandwidth_share": (0.8, 0.5, 0.95),
    "decode_bf16_share": (0.6, 0.2, 1.0),
    "decode_fp8_share": (0.5, 0.2, 1.0),
    "prefill_bf16_share": (0.6, 0.4, 0.9),
    "prefill_fp8_share": (0.5, 0.2, 0.8),
    "expert_share": (0.5, 0.15, 1.0),
    "layer_s": (2e-5, 1e-5, 3e-4),
    "moe_layer_s": (3e-5, 1.5e-5, 6e-4),
    "expert_parallel_layer_s": (1e-5, 1e-7, 6e-4),
    "eager_layer_s": (3e-4, 1e-5, 1e-3),
    "step_s": (5e-4, 1e-5, 2e-2),
    "sequence_s": (2e-5, 1e-7, 4e-4),
    "all_reduce_s": (5e-6, 1e-6, 1e-4),
    "link_share": (0.5, 0.2, 1.0),
    "expert_imbalance": (1.0, 0.01, 4.0),
    "interference": (0.8, 0.4, 1.2),
    "stall_s": (1e-3, 1e-5, 0.5),
    "ttft_s": (0.03, 1e-3, 0.4),
    "ttft_collision": (1.0, 0.3, 5.0),
    "ttft_queue": (0.06, 1e-3, 1.0),
    "ttft_sequence_s": (1e-3, 1e-6, 2e-2),
}
NAMES = tuple(BOUNDS)


@dataclass(frozen=True)
class Prior:
    """Where a fit starts and what pulls it back."""

    start: dict[str, float]
    weight: float


FIRST = Prior({name: start for name, (start, _, _) in BOUNDS.items()}, PRIOR_WEIGHT)


def predicted(point: Point, speed: EngineSpeed) -> Times:
    return times(point.work, Engine(speed, point.rates, point.parallelism), point.load, point.kv_cache_tokens)


def fit_engines(points: Sequence[Point]) -> dict[str, EngineSpeed]:
    """The constants of every engine that the points have."""
    pooled = fit(points, FIRST)
    prior = Prior({name: getattr(pooled, name) for name in NAMES}, OWN_WEIGHT)
    engines = sorted({point.engine for point in points})
    return {engine: fit([p for p in points if p.engine == engine], prior) for engine in engines}


def fit(points: Sequence[Point], prior: Prior) -> EngineSpeed:
    starts = np.log([prior.start[name] for name in NAMES])
    low, high = (np.log([BOUNDS[name][side] for name in NAMES]) for side in (1, 2))

    def residuals(logs: np.ndarray) -> list[float]:
        speed = _speed(logs)
        return [each for point in points for each in _errors(point, speed)] + list(prior.weight * (logs - starts))

    inside = np.clip(starts, low + 1e-6, high - 1e-6)
    found = least_squares(residuals, inside, bounds=(low, high), loss="soft_l1", f_scale=SOFT)
    return _speed(found.x)


def _speed(logs: np.ndarray) -> EngineSpeed:
    """With these constants; the data tell nothing of a start."""
    fitted = {name: exp(value) for name, value in zip(NAMES, logs, strict=True)}
    return EngineSpeed(load_bytes_s=1.0, start_s=0.0, source="", **fitted)


def _errors(point: Point, speed: EngineSpeed) -> list[float]:
    said = predicted(point, speed)
    if point.ttft_s is None:
        return [DECODE_WEIGHT * log(said.tpot_s / point.tpot_s)]
    return [log(said.tpot_s / point.tpot_s), TTFT_WEIGHT * log(said.ttft_s / point.ttft_s)]


def main() -> None:
    for engine, speed in fit_engines([*silicon_points(), *decode_points()]).items():
        print(f"{engine}:")
        for field in fields(speed):
            if field.name in BOUNDS:
                print(f"  {field.name}: {getattr(speed, field.name):.3g}")


if __name__ == "__main__":
    main()
