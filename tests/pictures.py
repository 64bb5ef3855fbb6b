"""Pictures as clients send them: whole PNG files in data URLs."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Callable

Pixel = tuple[int, int, int]


def picture(width: int, height: int, colour: Callable[[int, int], Pixel] = lambda x, y: (0, 0, 0)) -> str:
    """A data URL; `colour` gives the pixel at x from the left, y from the top."""
    rows = b"".join(b"\0" + bytes(v for x in range(width) for v in colour(x, y)) for y in range(height))
    chunks = (
        _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        _chunk(b"IDAT", zlib.compress(rows)),
    )
    png = b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + _chunk(b"IEND", b"")
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _chequered(x: int, y: int) -> Pixel:
    return x * 255 // 320, y * 255 // 224, 255 * ((x // 32 + y // 32) % 2)


CHEQUERED = picture(320, 224, _chequered)
MIRRORED = picture(320, 224, lambda x, y: _chequered(319 - x, y))
PLAIN = picture(256, 256)

# Width and height, and the tokens in a prompt as llama.cpp b11549 and vLLM 0.32.0 (transformers 5.23) counted them.
MEASURED_SIZES = (
    ((1, 1), 11, 66),
    ((100, 50), 10, 74),
    ((255, 255), 66, 66),
    ((320, 224), 72, 72),
    ((33, 2000), 65, 128),
    ((48, 1920), 122, 122),
    ((1000, 777), 746, 746),
    ((1920, 1080), 2042, 2042),
    ((17, 1700), 55, 82),
    ((4000, 3000), 4017, 11752),
)
