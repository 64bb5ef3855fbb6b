"""A file of gzip members that can be found without reading what is between them (RFC 1952).

Each begins with a number and a time of ours in its extra field; `zcat` reads the file as one text.
"""

from __future__ import annotations

import mmap
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

HEAD = struct.Struct("<4sIBBH2sHQd")  # magic, time, flags, system; the extra field: its length, name, number, time
MAGIC = b"\x1f\x8b\x08\x04"
FIELD, FIELD_BYTES = b"QR", 16
REST = (0, 255, 4 + FIELD_BYTES, FIELD, FIELD_BYTES)
MARK = HEAD.pack(MAGIC, 0, *REST, 0, 0.0)[len(MAGIC) + 4 : -FIELD_BYTES]
RAW, GZIP = -zlib.MAX_WBITS, 16 + zlib.MAX_WBITS
READ_BYTES, STEP_BYTES = 1 << 16, 1 << 20
LEVEL = 1  # half the time of level 3, for a twentieth more bytes


class Member(NamedTuple):
    """From one offset to another; `number` and `at_s` are what it was begun with."""

    begin: int
    end: int
    number: int
    at_s: float


class MemberWriter:
    """Makes one member, piece by piece; what has been returned can be read, whatever becomes of the rest."""

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, RAW)
        self._crc, self._bytes = 0, 0

    def begin(self, number: int, at_s: float) -> bytes:
        return HEAD.pack(MAGIC, int(at_s) % 2**32, *REST, number, at_s)

    def add(self, data: bytes) -> bytes:
        self._crc, self._bytes = zlib.crc32(data, self._crc), self._bytes + len(data)
        return self._deflate.compress(data) + self._deflate.flush(zlib.Z_SYNC_FLUSH)

    def end(self) -> bytes:
        return self._deflate.flush() + struct.pack("<II", self._crc, self._bytes % 2**32)


def members(file: BinaryIO) -> tuple[Member, ...]:
    """All of a file that have a number, in their order."""
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        begins = list(_begins(data))
        ends = [*begins[1:], len(data)]
        return tuple(_member(data, begin, end) for begin, end in zip(begins, ends, strict=False))


def lines(file: BinaryIO, begin: int, end: int, limit_bytes: int) -> Iterator[bytes]:
    """The whole lines of one member; raises EOFError after them where it has been cut, ValueError where it is damaged.

    A line longer than `limit_bytes` is damage too.
    """
    inflate, rest = zlib.decompressobj(GZIP), b""
    for piece in _inflated(file, begin, end, inflate):
        *whole, rest = (rest + piece).split(b"\n")
        yield from whole
        if len(rest) > limit_bytes:
            raise ValueError(f"a line is longer than {limit_bytes:,} bytes")
    if not inflate.eof:
        raise EOFError


def _inflated(file: BinaryIO, begin: int, end: int, inflate: zlib._Decompress) -> Iterator[bytes]:
    """A megabyte at a time at most, however well it was packed."""
    for packed in _packed(file, begin, end):
        while packed and not inflate.eof:
            try:
                yield inflate.decompress(packed, STEP_BYTES)
            except zlib.error as wrong:
                raise ValueError(f"it is damaged: {wrong}") from None
            packed = inflate.unconsumed_tail
    yield inflate.flush()


def _packed(file: BinaryIO, begin: int, end: int) -> Iterator[bytes]:
    for at in range(begin, end, READ_BYTES):
        file.seek(at)
        yield file.read(min(READ_BYTES, end - at))


def _begins(data: mmap.mmap) -> Iterator[int]:
    found = data.find(MARK)
    while found >= 0:
        begin = found - len(MAGIC) - 4
        if begin >= 0 and data[begin : begin + len(MAGIC)] == MAGIC and begin + HEAD.size <= len(data):
            yield begin
        found = data.find(MARK, found + 1)


def _member(data: mmap.mmap, begin: int, end: int) -> Member:
    *_, number, at_s = HEAD.unpack(data[begin : begin + HEAD.size])
    return Member(begin, end, number, at_s)
