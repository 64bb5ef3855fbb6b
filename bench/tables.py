"""What every measurement shares: alternating rounds, a small table, and JSON beside it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import TypeVar

from orchestrator.views.table import table

__all__ = ["each_way", "markdown", "median", "report", "rounds_from_arguments", "spread"]

Way = TypeVar("Way")
Found = TypeVar("Found")


def each_way(ways: Sequence[Way], measure: Callable[[Way], Found], rounds: int) -> list[list[Found]]:
    """Measure each way once a round, there and back again, so that a slow drift favours none; by way, then round."""
    found: list[list[Found]] = [[] for _ in ways]
    for number in range(rounds):
        order = range(len(ways)) if number % 2 == 0 else reversed(range(len(ways)))
        for index in order:
            found[index].append(measure(ways[index]))
    return found


def spread(values: Sequence[float], form: str) -> str:
    """The lower and the upper quartile: how far to trust the median beside them."""
    if len(values) < 2:
        return ""
    lower, _, upper = quantiles(values, n=4, method="inclusive")
    return f"{lower:{form}} … {upper:{form}}"


def report(title: str, headers: Sequence[str], rows: Sequence[Sequence[str]], json_path: Path | None = None) -> None:
    """Print the rows, and write them as JSON where a path is given."""
    print(f"{title}\n\n{table(headers, rows)}\n", flush=True)
    if json_path is not None:
        data = {"title": title, "headers": list(headers), "rows": [list(row) for row in rows]}
        json_path.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n")


def markdown(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table as the pages under docs/measurements keep it."""
    lines = (headers, ["---"] * len(headers), *rows)
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def rounds_from_arguments(default: int) -> tuple[int, Path | None]:
    """`--rounds N` and `--json FILE`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=default)
    parser.add_argument("--json", type=Path, default=None)
    arguments = parser.parse_args()
    return arguments.rounds, arguments.json
