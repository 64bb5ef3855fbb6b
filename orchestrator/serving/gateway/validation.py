"""From a body's bytes to a request that may reach an engine, or an error that says which field is wrong."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TypeVar

from pydantic import ValidationError

from orchestrator.serving.gateway.api_errors import ApiError
from orchestrator.serving.gateway.image_header import pixels
from orchestrator.serving.gateway.request_schema import ChatRequest, CompletionRequest, Sampling

AnyRequest = TypeVar("AnyRequest", bound=Sampling)
GenerationRequest = ChatRequest | CompletionRequest

IMAGE_PREFIXES = ("data:image/png;base64,", "data:image/jpeg;base64,", "data:image/webp;base64,")
TEMPLATE_TOKENS_PER_MESSAGE = 16
MOST_IMAGE_BYTES = 20 * 2**20
MOST_PIXELS = 4096 * 4096


@dataclass(frozen=True)
class ModelLimits:
    """What the served model allows; `max_images` is 0 where no vision encoder is loaded."""

    served_model_names: tuple[str, ...]
    max_model_len: int
    caution_past_tokens: int
    max_images: int


def parse(kind: type[AnyRequest], body: bytes) -> AnyRequest:
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        raise _first_problem(error) from None


def check(request: GenerationRequest, limits: ModelLimits) -> None:
    """Refuse what the model cannot do, before the engine sees it; raises ApiError."""
    _check_model(request.model, limits)
    _check_images(request.images, limits)
    wanted = request.wanted_tokens
    if wanted is not None and wanted > limits.max_model_len:
        raise _too_long(f"max_tokens is {wanted:,}", limits, param="max_tokens")


def check_context(prompt_tokens: int, request: GenerationRequest, limits: ModelLimits) -> None:
    """Refuse a prompt that leaves no room for what was asked; raises ApiError."""
    total = prompt_tokens + (request.wanted_tokens or 1)
    if total > limits.max_model_len:
        asked = f"the prompt has {prompt_tokens:,} tokens and {request.wanted_tokens or 1:,} are to be generated"
        raise _too_long(asked, limits, param="messages" if isinstance(request, ChatRequest) else "prompt")


def most_prompt_tokens(request: GenerationRequest, body_bytes: int) -> int:
    """An upper bound without a tokenizer: a byte-level tokenizer never makes more tokens than bytes."""
    messages = len(request.messages) if isinstance(request, ChatRequest) else 0
    return body_bytes + TEMPLATE_TOKENS_PER_MESSAGE * (messages + 1)


def _check_model(model: str, limits: ModelLimits) -> None:
    if model not in limits.served_model_names:
        raise ApiError(
            404,
            f"the model {model!r} is not served here; served: {', '.join(limits.served_model_names)}",
            code="model_not_found",
            param="model",
        )


def _check_images(images: list[str], limits: ModelLimits) -> None:
    if images and limits.max_images == 0:
        raise ApiError(400, "this deployment has no vision encoder: send text only", param="messages")
    if len(images) > limits.max_images:
        raise ApiError(400, f"at most {limits.max_images} images a request, got {len(images)}", param="messages")
    for number, url in enumerate(images, 1):
        if problem := _image_problem(url):
            raise ApiError(400, f"image {number}: {problem}", param="messages", code="invalid_image")


def _image_problem(url: str) -> str | None:
    """Why an image is not taken; it is measured by its header and never decoded here."""
    if not url.startswith(IMAGE_PREFIXES):
        return "only data: URLs of PNG, JPEG or WebP in base64 are taken; no address is fetched"
    try:
        data = base64.b64decode(url.partition(",")[2], validate=True)
    except ValueError:
        return "not valid base64"
    size = pixels(data)
    if len(data) > MOST_IMAGE_BYTES or size is None:
        return f"a PNG, JPEG or WebP of at most {MOST_IMAGE_BYTES:,} bytes is needed"
    return f"it has {size:,} pixels, and at most {MOST_PIXELS:,} are taken" if size > MOST_PIXELS else None


def _too_long(asked: str, limits: ModelLimits, param: str) -> ApiError:
    return ApiError(
        400,
        f"the context holds {limits.max_model_len:,} tokens, but {asked}",
        code="context_length_exceeded",
        param=param,
    )


def _first_problem(error: ValidationError) -> ApiError:
    """The first thing wrong, by field; values are left out, since they may be a prompt."""
    problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
    field = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return ApiError(400, f"unknown field: {field}", code="unknown_field", param=field)
    if problem["type"] == "json_invalid":
        return ApiError(400, "the body is not valid JSON", code="invalid_json")
    return ApiError(400, f"{field}: {problem['msg']}", param=field or None)
