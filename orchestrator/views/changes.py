"""What applying a fleet's objects would change, for people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from orchestrator.core.manifests.changes import Action, Change, FieldChange

MARKS = {Action.CREATE: "+", Action.CHANGE: "~", Action.SAME: "=", Action.REMOVE: "-"}
MOST_TEXT = 100


def changes_text(changes: tuple[Change, ...], fields: bool) -> str:
    """A line an object; with `fields` those that differ only, and each of their fields."""
    return "\n".join(_lines(changes, fields)) or "nothing to change"


def _lines(changes: tuple[Change, ...], fields: bool) -> Iterator[str]:
    for each in changes:
        if not fields or each.action is not Action.SAME:
            yield f"{MARKS[each.action]} {each.action.value:<6} {each.name}"
        if fields:
            yield from map(_field, each.fields)


def _field(field: FieldChange) -> str:
    return f"    {field.path}: {_short(field.old)} -> {_short(field.new)}"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    text = " ".join(text.split())
    return text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT]}… ({len(text):,} characters)"
