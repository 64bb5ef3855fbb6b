"""Which JSON schemas an engine may build a grammar from: some of 300 bytes kill it, or keep it busy for ever.

llama.cpp follows references without end, and its grammars try all ways to read what was generated so far, so recursion
and regular expressions are not taken. What passes here it survived in thousands of random trials.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pydantic_core import PydanticCustomError, from_json

MOST_TEXT = 32_768
MOST_DEPTH = 64
MOST_PARTS = 2_000  # with every $ref written out
FAR_OUT = 10**15  # llama.cpp never ends with a lower bound of more digits, or an upper one below its negative
PAIRS = (
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
    ("minimum", "maximum"),
    ("exclusiveMinimum", "exclusiveMaximum"),
)


def bounded_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema itself; raises PydanticCustomError for one that an engine could choke on."""
    _check_size(schema)
    _Walk(schema).through(schema)
    return schema


def schema_as_hint(schema: dict[str, Any]) -> dict[str, Any]:
    """A tool's parameters without their patterns, which are a hint there and a danger in a grammar."""
    _check_size(schema)
    loose: dict[str, Any] = _without_patterns(schema)
    _Walk(loose).through(loose)
    return loose


def bounded_json(text: str) -> str:
    """Arguments of an earlier call, as JSON that nests no deeper than the engine's parser survives."""
    try:
        from_json(text or "{}")
    except ValueError:
        raise PydanticCustomError("not_json", "not valid JSON, or nested too deeply") from None
    return text or "{}"


class _Walk:
    """Visits each part of a schema as the engine's grammar will have it: every reference in its place."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._parts = 0

    def through(self, part: Any, opened: frozenset[str] = frozenset(), depth: int = 0) -> None:
        """`opened` are the references on the way here."""
        self._parts += 1
        if self._parts > MOST_PARTS or depth > MOST_DEPTH:
            raise _refused("has too many parts, or nests too deeply")
        if isinstance(part, list):
            for each in part:
                self.through(each, opened, depth + 1)
        elif isinstance(part, dict):
            self._through_object(part, opened, depth + 1)
        elif isinstance(part, float) and not math.isfinite(part):
            raise _refused("holds a number that is none")

    def _through_object(self, part: dict[str, Any], opened: frozenset[str], depth: int) -> None:
        if isinstance(part.get("pattern"), str):
            raise _refused("holds a pattern: regular expressions are not taken")
        for least, most in PAIRS:
            _check_bounds(part.get(least), part.get(most))
        reference = part.get("$ref")
        if isinstance(reference, str):
            if reference in opened:
                raise _refused("comes back to itself: recursion is not taken")
            self.through(self._target(reference), opened | {reference}, depth)
        for value in part.values():
            self.through(value, opened, depth)

    def _target(self, reference: str) -> Mapping[str, Any]:
        """What a reference stands for, read as plainly as can be, lest an engine read it in another way."""
        found: Any = self._root
        for name in reference.split("/")[1:]:
            found = found.get(name) if isinstance(found, Mapping) else None
        if not isinstance(found, Mapping) or not reference.startswith("#"):
            raise _refused("has a reference that leads to no part of it")
        return found


def _check_bounds(least: Any, most: Any) -> None:
    low = least if isinstance(least, int | float) else -math.inf
    high = most if isinstance(most, int | float) else math.inf
    if low > high:
        raise _refused("has a minimum above its maximum")
    if low >= FAR_OUT or high <= -FAR_OUT:
        raise _refused("has a bound that is too far from zero")


def _without_patterns(part: Any) -> Any:
    if isinstance(part, list):
        return [_without_patterns(each) for each in part]
    if isinstance(part, dict):
        kept = {k: v for k, v in part.items() if not (k == "pattern" and isinstance(v, str))}
        return {key: _without_patterns(value) for key, value in kept.items()}
    return part


def _check_size(schema: dict[str, Any]) -> None:
    if len(repr(schema)) > MOST_TEXT:
        raise _refused(f"has more than {MOST_TEXT:,} characters")


def _refused(problem: str) -> PydanticCustomError:
    return PydanticCustomError("schema_refused", "the schema {problem}", {"problem": problem})
