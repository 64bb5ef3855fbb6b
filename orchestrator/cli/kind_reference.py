"""Writes the reference of QwenFleet: `python -m orchestrator.cli.kind_reference > docs/reference/qwenfleet.md`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click

from orchestrator.core.qwen_fleet.kind import API_VERSION, KIND
from orchestrator.core.qwen_fleet.rules import NAMED
from orchestrator.core.qwen_fleet.schema import SPEC
from orchestrator.core.qwen_fleet.status_schema import STATUS

HEAD = f"""\
# {KIND}

`{API_VERSION}`. Written by `python -m orchestrator.cli.kind_reference` from the schema that the API server holds
objects to; a test holds it to the code. The guide is
[a fleet from Git](../guides/gitops.md#let-the-cluster-choose-qwenfleet).
"""

Schema = Mapping[str, Any]


def reference() -> str:
    """The whole page."""
    rules = [NAMED.message, *(rule["message"] for rule in SPEC["x-kubernetes-validations"])]
    refused = "\n".join(f"- {message}" for message in rules)
    parts = (
        HEAD,
        f"## spec\n\n{SPEC['description']}\n\n{_table(SPEC)}",
        f"The API server refuses what breaks one of these:\n\n{refused}\n",
        f"## status\n\n{STATUS['description']}\n\n{_table(STATUS)}",
    )
    return "\n".join(parts)


def _table(schema: Schema) -> str:
    rows = [f"| `{name}` | {kind} | {text} |\n" for name, kind, text in _fields(schema, "")]
    return "| field | type | says |\n|---|---|---|\n" + "".join(rows)


def _fields(schema: Schema, above: str) -> Iterator[tuple[str, str, str]]:
    """Each field by its path; parts of an object after it."""
    for name, field in schema["properties"].items():
        yield f"{above}{name}", _kind(field), f"{field['description']}{_limits(field)}"
        if "properties" in field:
            yield from _fields(field, f"{above}{name}.")


def _kind(field: Schema) -> str:
    if field["type"] == "array":
        return f"list of {field['items']['type']}s"
    values = field.get("additionalProperties")
    return f"map to {values['type']}s" if values else str(field["type"])


def _limits(field: Schema) -> str:
    """What values there are, and which one it is where nothing is said."""
    allowed = [f" One of {', '.join(f'`{each}`' for each in field['enum'])}."] if "enum" in field else []
    whole = field["type"] == "integer" and field.get("maximum", 2**31) < 2**31 - 1
    bounds = [f" {field['minimum']} to {field['maximum']}."] if whole else []
    default = [f" Default: `{_value(field['default'])}`."] if "default" in field else []
    return "".join([*allowed, *bounds, *default])


def _value(default: Any) -> str:
    return str(default).lower() if isinstance(default, bool) else str(default)


if __name__ == "__main__":
    click.echo(reference(), nl=False)
