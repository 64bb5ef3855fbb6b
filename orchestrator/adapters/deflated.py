"""What zlib has compressed, read by who does not trust it."""

from __future__ import annotations

import zlib


def inflated(data: bytes, most_bytes: int) -> bytes:
    """As far as a stream goes that was cut; raises ValueError for what is damaged, or is more (0: no bound)."""
    stream = zlib.decompressobj()
    try:
        text = stream.decompress(data, most_bytes)
    except zlib.error as error:
        raise ValueError(f"it is damaged: {error}") from None
    if stream.unconsumed_tail:
        raise ValueError(f"it comes to more than {most_bytes} bytes")
    return text
