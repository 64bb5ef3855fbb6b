"""The images of a request: measured by their headers before anything decodes them, and never fetched."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Sequence

from orchestrator.serving.gateway.api_errors import ApiError
from orchestrator.serving.gateway.image_header import ImageHeader, image_header

DATA_URL = re.compile(r"data:image/(png|jpeg|webp);base64,")
MOST_IMAGE_BYTES = 20 * 2**20
MOST_PIXELS = 4096 * 4096
PIXELS_PER_TOKEN = 32 * 32  # Qwen 3.5's vision encoder: patches of 16 x 16, merged 2 x 2
TOKENS_AROUND = 2  # the marks where an image begins and ends


def image_tokens(urls: Sequence[str], most: int) -> int:
    """The tokens that these images take in the context; raises ApiError for one that is not taken."""
    if urls and most == 0:
        raise ApiError(400, "this deployment has no vision encoder: send text only", param="messages")
    if len(urls) > most:
        raise ApiError(400, f"at most {most} images a request, got {len(urls)}", param="messages")
    return sum(_tokens(_measured(url, number)) for number, url in enumerate(urls, 1))


def _tokens(image: ImageHeader) -> int:
    return math.ceil(image.pixels / PIXELS_PER_TOKEN) + TOKENS_AROUND


def _measured(url: str, number: int) -> ImageHeader:
    declared = DATA_URL.match(url)
    if declared is None:
        raise _refused(number, "only data: URLs of PNG, JPEG or WebP in base64 are taken; no address is fetched")
    data = _decoded(url[declared.end() :], number)
    image = image_header(data)
    if image is None or image.kind != declared[1]:
        raise _refused(number, f"it is not the {declared[1]} that it says it is")
    if image.pixels > MOST_PIXELS:
        raise _refused(number, f"it has {image.pixels:,} pixels, and at most {MOST_PIXELS:,} are taken")
    return image


def _decoded(text: str, number: int) -> bytes:
    if len(text) * 3 // 4 > MOST_IMAGE_BYTES:
        raise _refused(number, f"it has more than {MOST_IMAGE_BYTES:,} bytes")
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise _refused(number, "not valid base64") from None


def _refused(number: int, problem: str) -> ApiError:
    return ApiError(400, f"image {number}: {problem}", param="messages", code="invalid_image")
