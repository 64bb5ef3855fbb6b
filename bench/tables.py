"""What every measurement prints: a small table, and JSON beside it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from orchestrator.views.table import table

__all__ = ["median", "report", "rounds_from_arguments"]


def report(title: str, headers: Sequence[str], rows: Sequence[Sequence[str]], json_path: Path | None = None) -> None:
    """Print the rows, and write them as JSON where a path is given."""
    print(f"{title}\n\n{table(headers, rows)}\n")
    if json_path is not None:
        json_path.write_text(json.dumps([dict(zip(headers, row, strict=True)) for row in rows], indent=1) + "\n")


def rounds_from_arguments(default: int) -> tuple[int, Path | None]:
    """`--rounds N` and `--json FILE`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=default)
    parser.add_argument("--json", type=Path, default=None)
    arguments = parser.parse_args()
    return arguments.rounds, arguments.json
