"""Writes the page of what `qorch top` prints: `python -m orchestrator.cli.top_reference > docs/reference/top.md`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import is_dataclass
from pathlib import Path
from types import NoneType
from typing import Any, get_args

import click

from orchestrator.core.live.plain import hints
from orchestrator.core.live.snapshot import Snapshot

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "top.md"
FIELD = re.compile(r"^    (\w+): [^#]+?(?:  # (.*))?$", re.MULTILINE)
HEAD = """\
# What `qorch top` prints and records

Written by `python -m orchestrator.cli.top_reference`; a test holds it to the code.

`qorch top --once -o json` prints one snapshot, `-o yaml` the same. Beside the fields of the first table it has `note`:
of a recording, where in it one is. Names end in their unit (`_s` seconds, `_tok_s` tokens a second, `_bytes`, `_c`
degrees Celsius, `_w` watts); `at_s` is Unix time. Amounts have five significant digits. What nobody tells, or what was
too little to measure, is null. Fields are added in minor versions; none changes its meaning or goes before a major one.

Of several fleets it prints a list with one such object a fleet, in which also is `where` it is (`this host`, or
CONTEXT/NAMESPACE), its `state` (failed, unknown, degraded, behind, starting, idle or ready; behind misses a goal) and
the `reason`. One that has not been seen has these and its name alone.

A recording is lines of JSON in members of gzip, so that `zcat FILE` shows it: a header, then a line a frame, either
`whole` or the `change` since the line before. A column is named by its field, `summary.in_flight`, and of a table it
has a value a row, `replicas.host`. A change of a column is its new values, or of some rows
`{"at": [rows], "to": [values]}`, or of one that slides `{"drop": N, "add": [values]}`. A recording of another version
is refused; fields that a release does not know are left out, and those that it misses have their default. Prompts and
answers are nowhere in it.
"""
WORDS: dict[Any, str] = {
    bool: "true or false", int: "whole number", float: "number", str: "text", NoneType: "null",
}  # fmt: skip


def reference() -> str:
    """The whole page: a table for each kind of object."""
    return "\n".join([HEAD, *map(_section, _kinds(Snapshot))])


def _kinds(kind: Any) -> Iterator[Any]:
    """A dataclass, then those in its fields."""
    yield kind
    for annotation in hints(kind).values():
        for part in (annotation, *get_args(annotation)):
            if is_dataclass(part):
                yield from _kinds(part)


def _section(kind: Any) -> str:
    told = dict(FIELD.findall(inspect.getsource(kind)))
    rows = [f"| `{name}` | {_kind(each)} | {told[name]} |" for name, each in hints(kind).items()]
    title, about = kind.__name__, " ".join((inspect.getdoc(kind) or "").split()).replace("None", "null")
    return "\n".join([f"## {title}", "", about, "", "| field | is | says |", "|---|---|---|", *rows, ""])


def _kind(annotation: Any) -> str:
    parts = [part for part in get_args(annotation) if part is not Ellipsis]
    if annotation in WORDS:
        return WORDS[annotation]
    if not parts:
        name = annotation.__name__
        return f"[{name}](#{name.lower()})" if is_dataclass(annotation) else "text"
    if NoneType in parts:
        return " or ".join(map(_kind, parts))
    return f"list of {_kind(parts[0])}" if len(parts) == 1 else f"object: {_kind(parts[1])} by name"


if __name__ == "__main__":
    click.echo(reference(), nl=False)
