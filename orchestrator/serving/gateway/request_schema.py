"""The requests that reach an engine: every field named here, every other refused.

Refusing what is unknown, and bounding what is known, keeps an engine's own extensions (chat templates,
prompt embeddings, cache salts, grammars) out of reach; see docs/designs/002-gateway.md.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from orchestrator.serving.gateway.schema_bounds import bounded_json, bounded_schema, schema_as_hint

ShortText = Annotated[str, StringConstraints(max_length=256)]
StopText = Annotated[str, StringConstraints(min_length=1, max_length=256)]
TokenId = Annotated[int, Field(ge=0, lt=2**31)]
Bias = Annotated[float, Field(ge=-100, le=100)]
Role = Literal["system", "developer", "user", "assistant", "tool"]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class TextPart(Strict):
    type: Literal["text"]
    text: str


class ImageUrl(Strict):
    url: str
    detail: Literal["auto", "low", "high"] | None = None


class ImagePart(Strict):
    type: Literal["image_url"]
    image_url: ImageUrl


Part = Annotated[TextPart | ImagePart, Field(discriminator="type")]


class FunctionCall(Strict):
    name: ShortText
    arguments: Annotated[str, AfterValidator(bounded_json)]


class ToolCall(Strict):
    id: ShortText
    type: Literal["function"] = "function"
    function: FunctionCall


class Message(Strict):
    role: Annotated[Role, AfterValidator(lambda role: "system" if role == "developer" else role)]
    content: str | Annotated[list[Part], Field(max_length=64)] | None = None
    name: ShortText | None = None
    tool_calls: Annotated[list[ToolCall], Field(max_length=128)] | None = None
    tool_call_id: ShortText | None = None
    reasoning_content: str | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Message:
        """An engine that is given nothing to begin with may never begin."""
        if self.content is None and not self.tool_calls:
            raise PydanticCustomError("no_content", "content is missing")
        return self


class FunctionSpec(Strict):
    name: ShortText
    description: Annotated[str, StringConstraints(max_length=8192)] | None = None
    parameters: Annotated[dict[str, Any], AfterValidator(schema_as_hint)] | None = None
    strict: bool | None = None


class Tool(Strict):
    type: Literal["function"]
    function: FunctionSpec


class NamedFunction(Strict):
    name: ShortText


class NamedTool(Strict):
    type: Literal["function"]
    function: NamedFunction


class StreamOptions(Strict):
    include_usage: bool = False


class JsonSchema(Strict):
    name: ShortText
    schema_: Annotated[dict[str, Any], AfterValidator(bounded_schema)] = Field(alias="schema")
    strict: bool | None = None
    description: ShortText | None = None


class ResponseFormat(Strict):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None


class TemplateOptions(Strict):
    """The one switch of the chat template that a client may turn."""

    enable_thinking: bool


class Sampling(Strict):
    """What both kinds of request share."""

    model: ShortText
    stream: bool = False
    stream_options: StreamOptions | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    top_k: Annotated[int, Field(ge=-1, le=1024)] | None = None
    min_p: Annotated[float, Field(ge=0, le=1)] | None = None
    n: Annotated[int, Field(ge=1, le=8)] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**32)] | None = None
    stop: StopText | Annotated[list[StopText], Field(max_length=16)] | None = None
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    logit_bias: Annotated[dict[ShortText, Annotated[float, Field(ge=-100, le=100)]], Field(max_length=1024)] | None = (
        None
    )
    user: ShortText | None = None

    @property
    def wanted_tokens(self) -> int | None:
        """The tokens that the client asks for at most; None leaves it to the context."""
        return self.max_tokens


def _asks_something(messages: list[Message]) -> list[Message]:
    """llama.cpp would continue an assistant's message, and dies when it also has to follow a grammar."""
    if messages[-1].role == "assistant":
        raise PydanticCustomError("nothing_to_answer", "the last message is the assistant's own")
    return messages


class ChatRequest(Sampling):
    messages: Annotated[list[Message], Field(min_length=1, max_length=2048), AfterValidator(_asks_something)]
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    tools: Annotated[list[Tool], Field(max_length=128)] | None = None
    tool_choice: Literal["none", "auto", "required"] | NamedTool | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    chat_template_kwargs: TemplateOptions | None = None

    @model_validator(mode="after")
    def _logprobs_agree(self) -> ChatRequest:
        if self.top_logprobs and not self.logprobs:
            raise PydanticCustomError("no_logprobs", "top_logprobs needs logprobs")
        return self

    @property
    def wanted_tokens(self) -> int | None:
        return self.max_completion_tokens or self.max_tokens

    @property
    def images(self) -> list[str]:
        """The URLs of all images, in order."""
        parts = [part for m in self.messages if isinstance(m.content, list) for part in m.content]
        return [part.image_url.url for part in parts if isinstance(part, ImagePart)]


class CompletionRequest(Sampling):
    prompt: Annotated[str, Field(min_length=1)] | Annotated[list[TokenId], Field(min_length=1, max_length=2**18)]
    logprobs: Annotated[int, Field(ge=0, le=20)] | None = None

    @property
    def images(self) -> list[str]:
        return []
