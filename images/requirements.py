"""Prints what pyproject.toml asks for, a line each: with an extra, or without what an image has no use for."""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

NAME = re.compile(r"[A-Za-z0-9._-]+")


def requirements(project: Mapping[str, Any], extra: str | None, without: Iterable[str]) -> list[str]:
    """Raises LookupError for an extra that the project has not, and for a package that it does not ask for."""
    asked = [*project["dependencies"], *(project["optional-dependencies"][extra] if extra else ())]
    by_name = {NAME.match(each)[0]: each for each in asked}  # type: ignore[index]
    if unknown := sorted(set(without) - set(by_name)):
        raise LookupError(", ".join(unknown))
    return [each for name, each in by_name.items() if name not in without]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--extra", metavar="NAME")
    parser.add_argument("--without", metavar="PACKAGE", nargs="+", default=[])
    asked = parser.parse_args()
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    try:
        print("\n".join(requirements(project, asked.extra, asked.without)))
    except LookupError as unknown:
        sys.exit(f"pyproject.toml has no {unknown}")


if __name__ == "__main__":
    main()
