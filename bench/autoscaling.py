"""Scaling rules on real traffic; `python -m bench.autoscaling FOLDER` writes docs/measurements/autoscaling.md.

FOLDER has the public traces as they come: AzureLLMInferenceTrace_conv.csv of AzurePublicDataset (2023), and ServeGen's
rates and token lengths of language/m-small as rates-m-small.csv.gz and token-stats-m-small.csv.gz, anywhere below it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from bench.tables import markdown
from orchestrator.adapters.traces import read_trace
from orchestrator.core.scaling.compare import CLAIRVOYANT, POLICIES, best, compare, course
from orchestrator.core.scaling.demand import Demand
from orchestrator.core.scaling.load import VariantLoad
from orchestrator.core.scaling.outcome import Outcome
from orchestrator.core.scaling.policy import ScalingPolicy
from orchestrator.core.scaling.shapes import SHAPES, shaped

PAGE = Path(__file__).parents[1] / "docs" / "measurements" / "autoscaling.md"
PROMPT_RATIO = 20.0
MEAN_REPLICAS = 12
MOST_REPLICAS = 20 * MEAN_REPLICAS
COLD_STARTS_S = (120.0, 20.0)
GOAL = ScalingPolicy()
SHAPE_DAYS = 2
LONG_SHAPES = {"mornings": 14}  # days, since it takes some to learn what comes each day
TRACES = {
    "ServeGen m-small, 14 days": "rates-m-small.csv.gz",
    "Azure 2023, conversation, 58 minutes": "AzureLLMInferenceTrace_conv.csv",
}
HEADERS = ("policy", "attainment", "to packed", "to clairvoyant", "changes", "p99 wait, s", "peak")
INTRO = f"""# Scaling rules on real traffic

Written by `python -m bench.autoscaling FOLDER` ({{date}}). Each demand keeps {MEAN_REPLICAS} replicas busy on average,
replayed through one queue as `qorch simulate` does: [the model, the columns and whose rules they
are](../guides/simulate.md). The goal: {GOAL.attainment:.1%} of requests wait {GOAL.max_wait_s:g} s at most. Bold is the
cheapest that meets it without knowing the future.
"""
END = """
The peers' rules are translated into a fluid queue, which has no KV cache and no single requests, and run with the
defaults of their documentation; their users can tune them. `static` knows afterwards how many it needs.
"""


@dataclass(frozen=True)
class Case:
    """One table."""

    name: str
    cold_start_s: float
    outcomes: Mapping[str, Outcome]


def cases(folder: Path) -> Iterator[Case]:
    """Every trace and shape with every cold start."""
    for name, demand in _demands(folder):
        for cold_start_s in COLD_STARTS_S:
            begin_s = perf_counter()
            yield Case(name, cold_start_s, outcomes(demand, cold_start_s))
            print(f"{name}, {cold_start_s:g} s: {perf_counter() - begin_s:.1f} s", file=sys.stderr)


def outcomes(demand: Demand, cold_start_s: float, names: tuple[str, ...] = POLICIES) -> dict[str, Outcome]:
    capacity = demand.mean_rate / MEAN_REPLICAS
    pool = VariantLoad("replica", 0, 0, capacity, cold_start_s, min_replicas=1, max_replicas=MOST_REPLICAS)
    return dict(compare(course(demand, [pool], GOAL), names))


def rows(found: Mapping[str, Outcome]) -> Iterator[tuple[str, ...]]:
    chosen, known = best(found, GOAL.attainment), found[CLAIRVOYANT]
    for name, each in found.items():
        yield (
            f"**{name}**" if name == chosen else name,
            f"{each.attainment:.3%}", f"{each.ratio:.2f}", f"{each.cost / known.cost:.2f}",
            f"{each.changes:,}", f"{each.wait_p99_s:.1f}", str(each.peak_replicas),
        )  # fmt: skip


def page(found: list[Case]) -> str:
    parts = [INTRO.format(date=datetime.now(UTC).date())]
    for case in found:
        parts.append(
            f"\n## {case.name}, cold start {case.cold_start_s:g} s\n\n{markdown(HEADERS, rows(case.outcomes))}"
        )
    return "".join([*parts, END])


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: python -m bench.autoscaling FOLDER")
    text = page(list(cases(Path(sys.argv[1]))))
    PAGE.write_text(text)
    print(text)


def _demands(folder: Path) -> Iterator[tuple[str, Demand]]:
    for name, file in TRACES.items():
        path = next(folder.rglob(file), None)
        if path is None:
            sys.exit(f"there is no {file} below {folder}")
        yield name, read_trace(path, PROMPT_RATIO)
    for shape in SHAPES:
        days = LONG_SHAPES.get(shape, SHAPE_DAYS)
        yield f"shape: {shape}, {days} days", shaped(shape, days * 86_400)


if __name__ == "__main__":
    main()
