"""Little-endian numbers and length-prefixed strings from the start of a file, never past a limit."""

from __future__ import annotations

import struct
from typing import Any, BinaryIO

STEP_BYTES = 1 << 20


class TooMuch(Exception):
    """The file ends, or the limit is reached, before what was announced."""


class BoundedReader:
    """Reads forward from where `file` stands, holding at most `limit_bytes` of it in memory."""

    def __init__(self, file: BinaryIO, limit_bytes: int) -> None:
        self._file = file
        self._limit_bytes = limit_bytes
        self._buffer = bytearray()
        self.position = 0

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        start = self.position
        self.skip(count)
        return bytes(self._buffer[start : self.position])

    def skip(self, count: int) -> None:
        """Go past `count` bytes, which must be there."""
        end = self.position + count
        if end > len(self._buffer):
            self._fill(end)
        self.position = end

    def scalar(self, code: str) -> Any:
        """One value of a `struct` code: an int, a float or a bool."""
        start = self.position
        self.skip(self.size_of(code))
        return struct.unpack_from(f"<{code}", self._buffer, start)[0]

    def number(self, code: str) -> int:
        """One unsigned integer of a `struct` code."""
        return int(self.scalar(code))

    def size_of(self, code: str) -> int:
        """Bytes of one value of a `struct` code."""
        return struct.calcsize(f"<{code}")

    def string(self, limit_bytes: int) -> bytes:
        """A string that its 64-bit length precedes."""
        length = self.number("Q")
        if length > limit_bytes:
            raise TooMuch(f"a string of {length:,} bytes, more than {limit_bytes:,}")
        return self.take(length)

    def skip_strings(self, count: int) -> None:
        """Go past `count` strings; the loop is tight because a vocabulary has half a million of them."""
        unpack, position = struct.Struct("<Q").unpack_from, self.position
        for _ in range(count):
            if position + 8 > len(self._buffer):
                self._fill(position + 8)
            position += 8 + unpack(self._buffer, position)[0]
        self.position = position
        self.skip(0)

    def _fill(self, end: int) -> None:
        """Read on until the buffer reaches `end`."""
        if end > self._limit_bytes:
            raise TooMuch(f"the header goes on past {self._limit_bytes:,} bytes, which is all that qorch reads")
        while len(self._buffer) < end:
            more = self._file.read(STEP_BYTES)
            if not more:
                raise TooMuch(f"the file ends at byte {len(self._buffer):,} inside its header: truncated")
            self._buffer += more
