"""Recorded looks as a compressed stream that can be read up to wherever it was cut.

A look takes some 1,500 bytes as JSON, and 25 to 150 compressed: most of it is as in the look before.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence

from orchestrator.adapters.deflated import inflated
from orchestrator.adapters.typed_json import TypedJson
from orchestrator.core.scaling.looks import Look, Segment
from orchestrator.core.scaling.pool_memory import PoolMemory

LOOK: TypedJson[Look] = TypedJson(Look)
MEMORY: TypedJson[PoolMemory] = TypedJson(PoolMemory)


class LookStream:
    """The pieces of one segment, each of which has all that was added before it."""

    def __init__(self) -> None:
        self._compressor = zlib.compressobj()

    def piece(self, looks: Iterable[Look]) -> bytes:
        text = b"".join(LOOK.dump(look) + b"\n" for look in looks)
        return self._compressor.compress(text) + self._compressor.flush(zlib.Z_SYNC_FLUSH)


def packed(memory: PoolMemory | None) -> bytes:
    return zlib.compress(MEMORY.dump(memory)) if memory else b""


def segment(memory: bytes, pieces: Sequence[bytes], most_bytes: int = 0) -> Segment:
    """Raises ValueError for what is damaged, another version's, or comes to more than that (0: no matter how much)."""
    before = MEMORY.load(inflated(memory, most_bytes)) if memory else None
    text = inflated(b"".join(pieces), most_bytes)
    return Segment(before, tuple(map(LOOK.load, text.splitlines())))
