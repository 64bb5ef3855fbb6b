"""How many bytes ggml's tensor types take (ggml.h; the `gguf` package's GGML_QUANT_SIZES is the same table)."""

from __future__ import annotations

from math import prod

BLOCKS = {  # tensor type: weights in a block, bytes of a block
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 40),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292),
    16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82),
    23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2),
    34: (256, 54), 35: (256, 66), 39: (32, 17), 40: (64, 36), 41: (128, 18),
}  # fmt: skip


def tensor_bytes(dimensions: list[int], kind: int) -> int | None:
    """Bytes of a tensor, or None where the type is unknown or a row is not whole blocks of it."""
    weights_per_block, block_bytes = BLOCKS.get(kind, (0, 0))
    if not weights_per_block or (dimensions and dimensions[0] % weights_per_block):
        return None
    blocks, rest = divmod(prod(dimensions), weights_per_block)
    return None if rest else blocks * block_bytes
