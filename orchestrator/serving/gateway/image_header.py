"""What an image is and how large, from its first bytes only: nothing is decoded, so nothing can explode."""

from __future__ import annotations

import struct
from dataclasses import dataclass

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff"
JPEG_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})  # the markers that give a size
JPEG_BARE = frozenset({0x00, 0x01, *range(0xD0, 0xDB)})  # markers without a length, or past the header
MOST_JPEG_STEPS = 1000


@dataclass(frozen=True)
class ImageHeader:
    """An image as its header announces it; `kind` is png, jpeg or webp."""

    kind: str
    width: int
    height: int

    @property
    def pixels(self) -> int:
        return self.width * self.height


def image_header(data: bytes) -> ImageHeader | None:
    """None for anything but a PNG, JPEG or WebP with a size."""
    try:
        header = _read(data)
    except (struct.error, IndexError):
        return None
    return header if header and header.pixels else None


def _read(data: bytes) -> ImageHeader | None:
    if data.startswith(PNG) and data[12:16] == b"IHDR":
        return ImageHeader("png", *struct.unpack_from(">II", data, 16))
    if data.startswith(JPEG):
        return _jpeg(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data)
    return None


def _jpeg(data: bytes) -> ImageHeader | None:
    """Walk from segment to segment, as a decoder does, until one starts a frame."""
    at = 2
    for _ in range(MOST_JPEG_STEPS):
        mark, kind = data[at], data[at + 1]
        if mark != 0xFF or kind in JPEG_BARE:
            return None
        if kind in JPEG_FRAMES:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return ImageHeader("jpeg", width, height)
        # 0xFF may stand before a marker any number of times
        at += 1 if kind == 0xFF else 2 + max(2, struct.unpack_from(">H", data, at + 2)[0])
    return None


def _webp(data: bytes) -> ImageHeader | None:
    kind = data[12:16]
    if kind == b"VP8X":
        return ImageHeader("webp", 1 + _little(data, 24, 3), 1 + _little(data, 27, 3))
    if kind == b"VP8L" and data[20] == 0x2F:
        bits = _little(data, 21, 4)
        return ImageHeader("webp", 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF))
    if kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", data, 26)
        return ImageHeader("webp", width & 0x3FFF, height & 0x3FFF)
    return None


def _little(data: bytes, at: int, size: int) -> int:
    """A little-endian number; raises IndexError where the data ends before it does."""
    if len(data) < at + size:
        raise IndexError
    return int.from_bytes(data[at : at + size], "little")
