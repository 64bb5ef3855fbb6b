"""From a body's bytes to a request that may reach an engine, or an error that says which field is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from pydantic import ValidationError

from orchestrator.core.variant_limits import Variants, holding, longest_context
from orchestrator.serving.gateway.api_errors import ApiError
from orchestrator.serving.gateway.engine_request import taking_fields
from orchestrator.serving.gateway.request_schema import ChatRequest, CompletionRequest, Sampling

AnyRequest = TypeVar("AnyRequest", bound=Sampling)
GenerationRequest = ChatRequest | CompletionRequest

TEMPLATE_TOKENS_PER_MESSAGE = 16
TEMPLATE_TOKENS_OF_TOOLS = 512


@dataclass(frozen=True)
class ModelLimits:
    """What the served model allows, and each of its variants."""

    served_model_names: tuple[str, ...]
    caution_past_tokens: int
    variants: Variants
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


def check(request: GenerationRequest, limits: ModelLimits) -> Variants:
    """The variants that can do what is asked, before an engine sees it; raises ApiError where none can."""
    _check_model(request.model, limits)
    suiting = taking_fields(request, limits.variants)
    able = holding(suiting, request.wanted_tokens or 1)
    if not able:
        raise _too_long(f"max_tokens is {request.wanted_tokens:,}", suiting, param="max_tokens")
    return able


def prompt_too_long(prompt_tokens: int, request: GenerationRequest, variants: Variants) -> ApiError:
    """For a prompt that leaves no room for what was asked in the longest context."""
    asked = f"the prompt has {prompt_tokens:,} tokens and {request.wanted_tokens or 1:,} are to be generated"
    return _too_long(asked, variants, param="messages" if isinstance(request, ChatRequest) else "prompt")


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


def _too_long(asked: str, variants: Variants, param: str) -> ApiError:
    return ApiError(
        400,
        f"the context holds {longest_context(variants):,} tokens, but {asked}",
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
