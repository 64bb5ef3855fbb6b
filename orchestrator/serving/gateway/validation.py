"""From a body's bytes to a request that may reach an engine, or an error that says which field is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from pydantic import ValidationError

from orchestrator.serving.gateway.api_errors import ApiError
from orchestrator.serving.gateway.engine_request import check_fields
from orchestrator.serving.gateway.request_schema import ChatRequest, CompletionRequest, Sampling

AnyRequest = TypeVar("AnyRequest", bound=Sampling)
GenerationRequest = ChatRequest | CompletionRequest

TEMPLATE_TOKENS_PER_MESSAGE = 16
TEMPLATE_TOKENS_OF_TOOLS = 512


@dataclass(frozen=True)
class ModelLimits:
    """What the served model allows; `max_images` is 0 where no vision encoder is loaded."""

    served_model_names: tuple[str, ...]
    max_model_len: int
    caution_past_tokens: int
    max_images: int
    engines: tuple[str, ...] = ()  # that may be asked, so that a request has to suit each of them
    loras: tuple[str, ...] = ()  # adapters, which a request asks for by their names

    @property
    def names(self) -> tuple[str, ...]:
        """All that a request may ask for."""
        return self.served_model_names + self.loras


def parse(kind: type[AnyRequest], body: bytes) -> AnyRequest:
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        raise _worst_problem(error) from None


def check(request: GenerationRequest, limits: ModelLimits) -> None:
    """Refuse what the model cannot do, before the engine sees it; raises ApiError."""
    _check_model(request.model, limits)
    check_fields(request, limits.engines)
    wanted = request.wanted_tokens
    if wanted is not None and wanted > limits.max_model_len:
        raise _too_long(f"max_tokens is {wanted:,}", limits, param="max_tokens")


def check_context(prompt_tokens: int, request: GenerationRequest, limits: ModelLimits) -> None:
    """Refuse a prompt that leaves no room for what was asked; raises ApiError."""
    total = prompt_tokens + (request.wanted_tokens or 1)
    if total > limits.max_model_len:
        asked = f"the prompt has {prompt_tokens:,} tokens and {request.wanted_tokens or 1:,} are to be generated"
        raise _too_long(asked, limits, param="messages" if isinstance(request, ChatRequest) else "prompt")


def most_text_tokens(request: GenerationRequest, body_bytes: int) -> int:
    """An upper bound without a tokenizer: a byte-level tokenizer never makes more tokens than bytes."""
    if not isinstance(request, ChatRequest):
        return body_bytes
    template = TEMPLATE_TOKENS_PER_MESSAGE * (len(request.messages) + 1)
    tools = TEMPLATE_TOKENS_OF_TOOLS if request.tools else 0
    return body_bytes - sum(map(len, request.images)) + template + tools


def _check_model(model: str, limits: ModelLimits) -> None:
    if model not in limits.names:
        raise ApiError(
            404,
            f"the model {model!r} is not served here; served: {', '.join(limits.names)}",
            code="model_not_found",
            param="model",
        )


def _too_long(asked: str, limits: ModelLimits, param: str) -> ApiError:
    return ApiError(
        400,
        f"the context holds {limits.max_model_len:,} tokens, but {asked}",
        code="context_length_exceeded",
        param=param,
    )


def _worst_problem(error: ValidationError) -> ApiError:
    """What is wrong furthest inside, by field; values are left out, since they may be a prompt."""
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    problem = max(problems, key=lambda each: len(each["loc"]))  # text or a list: the list's own problem lies deeper
    named = (part for part in problem["loc"] if isinstance(part, int) or (part.isidentifier() and part != "str"))
    field = ".".join(map(str, named))
    if problem["type"] == "extra_forbidden":
        return ApiError(400, f"unknown field: {field}", code="unknown_field", param=field)
    if problem["type"] == "json_invalid":
        return ApiError(400, "the body is not valid JSON", code="invalid_json")
    return ApiError(400, f"{field}: {problem['msg']}" if field else problem["msg"], param=field or None)
