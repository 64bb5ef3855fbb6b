"""The tokens that an image takes in the context: each engine scales it within bounds of its own, then cuts it up.

Qwen 3.5's encoder has patches of 16 x 16 pixels and merges 2 x 2 of them. vLLM scales as transformers 5.23.0 does
(`smart_resize`, models/qwen2_vl) within the sizes of the checkpoint's preprocessor_config.json; llama.cpp, and so
Ollama, within 8 to 4,096 tokens (tools/mtmd/clip.cpp, `set_limit_image_tokens`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.core.profile import EngineName

SIDE = 32  # pixels, of the square that makes a token
TOKENS_AROUND = 2  # the marks where an image begins and ends
MOST_TIMES_AS_LONG = 200  # transformers refuses what is longer for its width


@dataclass(frozen=True)
class PixelBounds:
    """What an image is scaled to, where it has fewer or more pixels."""

    least: int
    most: int


IN_TOKENS_OF_LLAMA_CPP = PixelBounds(8 * SIDE**2, 4096 * SIDE**2)
BOUNDS: Mapping[str, PixelBounds] = {
    EngineName.VLLM.value: PixelBounds(65_536, 16_777_216),
    EngineName.LLAMA_CPP.value: IN_TOKENS_OF_LLAMA_CPP,
    EngineName.OLLAMA.value: IN_TOKENS_OF_LLAMA_CPP,
}


def image_tokens(width: int, height: int, engine: str) -> int:
    """With the marks around it; never fewer than the engine takes, and a row more where it rounds a half down."""
    bounds = BOUNDS[engine]
    sides = [max(1, math.floor(side / SIDE + 0.5)) for side in (width, height)]
    if math.prod(sides) * SIDE**2 > bounds.most:
        smaller = math.sqrt(width * height / bounds.most)
        sides = [max(1, math.floor(side / smaller / SIDE)) for side in (width, height)]
    elif math.prod(sides) * SIDE**2 < bounds.least:
        larger = math.sqrt(bounds.least / (width * height))
        sides = [math.ceil(side * larger / SIDE) for side in (width, height)]
    return math.prod(sides) + TOKENS_AROUND


def too_long_for_its_width(width: int, height: int) -> bool:
    return max(width, height) > MOST_TIMES_AS_LONG * min(width, height)
