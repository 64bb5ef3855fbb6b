"""The parts of a fleet's history as bytes: compressed JSON, which is read within bounds and exactly or not at all."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from types import GenericAlias

from orchestrator.adapters.deflated import inflated
from orchestrator.adapters.look_pieces import segment
from orchestrator.adapters.typed_json import TypedJson
from orchestrator.core.scaling.history_parts import MOST_TEXT_BYTES
from orchestrator.core.scaling.load_minutes import LoadMinute
from orchestrator.core.scaling.looks import Segment

VERSION = 1  # of these bytes; what is in them is held to its own types
MINUTES: TypedJson[tuple[LoadMinute, ...]] = TypedJson(GenericAlias(tuple, (LoadMinute, ...)))
LENGTH_BYTES = 4  # of the memory, which the looks follow


def minutes_value(minutes: Iterable[LoadMinute]) -> bytes:
    return zlib.compress(MINUTES.dump(tuple(minutes)))


def minutes_from(value: bytes) -> tuple[LoadMinute, ...]:
    """Raises ValueError for what is damaged, or another version's."""
    return MINUTES.load(inflated(value, MOST_TEXT_BYTES))


def looks_value(memory: bytes, pieces: Iterable[bytes]) -> bytes:
    """Of what `look_pieces` has made."""
    return b"".join((len(memory).to_bytes(LENGTH_BYTES), memory, *pieces))


def segment_from(value: bytes) -> Segment:
    """Raises ValueError as `minutes_from`."""
    end = LENGTH_BYTES + int.from_bytes(value[:LENGTH_BYTES])
    if not LENGTH_BYTES <= end <= len(value):
        raise ValueError("it is cut off")
    return segment(value[LENGTH_BYTES:end], [value[end:]], MOST_TEXT_BYTES)
