"""Prints what pyproject.toml asks for, a line each: with an extra, or without what an image has no use for."""

from __future__ import annotations

import argparse
import re
import tomllib
from pathlib import Path

NAME = re.compile(r"[A-Za-z0-9._-]+")


def requirements(project: dict[str, object], extra: str | None, without: list[str]) -> list[str]:
    """Raises KeyError for an extra and ValueError for a package that the project does not ask for."""
    asked = [*project["dependencies"], *(project["optional-dependencies"][extra] if extra else ())]
    by_name = {NAME.match(each)[0]: each for each in asked}
    if unknown := set(without) - set(by_name):
        raise ValueError(f"not asked for: {', '.join(sorted(unknown))}")
    return [each for name, each in by_name.items() if name not in without]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--extra", metavar="NAME")
    parser.add_argument("--without", metavar="PACKAGE", nargs="+", default=[])
    asked = parser.parse_args()
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    print("\n".join(requirements(project, asked.extra, asked.without)))


if __name__ == "__main__":
    main()
