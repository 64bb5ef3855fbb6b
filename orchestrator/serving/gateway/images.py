"""The images of a request: measured by their headers before anything decodes them, and never fetched."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence

from orchestrator.core.image_tokens import MOST_TIMES_AS_LONG, image_tokens, too_long_for_its_width
from orchestrator.serving.gateway.api_errors import ApiError
from orchestrator.serving.gateway.image_header import ImageHeader, image_header

DATA_URL = re.compile(r"data:image/(png|jpeg|webp);base64,")
MOST_IMAGE_BYTES = 20 * 2**20
MOST_PIXELS = 4096 * 4096


def measured_images(urls: Sequence[str], most: int) -> list[ImageHeader]:
    """What these images are; raises ApiError for one that is not taken."""
    if urls and most == 0:
        raise ApiError(400, "this deployment has no vision encoder: send text only", param="messages")
    if len(urls) > most:
        raise ApiError(400, f"at most {most} images a request, got {len(urls)}", param="messages")
    return [_measured(url, number) for number, url in enumerate(urls, 1)]


def tokens_by_engine(images: Sequence[ImageHeader], engines: Iterable[str]) -> dict[str, int]:
    """What they take in the context of each engine; empty where there are none."""
    each_of = {engine: [image_tokens(image.width, image.height, engine) for image in images] for engine in engines}
    return {engine: sum(tokens) for engine, tokens in each_of.items() if tokens}


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
    if too_long_for_its_width(image.width, image.height):
        raise _refused(number, f"{image.width} x {image.height}: at most {MOST_TIMES_AS_LONG} times as long as wide")
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
