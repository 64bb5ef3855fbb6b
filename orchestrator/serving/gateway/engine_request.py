"""What of a checked request an engine cannot take, and the request in an engine's own words: one table each.

Ollama: docs/api/openai-compatibility.mdx, and for what its list leaves open openai/openai.go, at v0.33.0-rc2. It
leaves out in silence what it does not know, so qorch refuses each field that would have changed the answer; `user`
and an image's `detail` change none.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.core.profile import EngineName
from orchestrator.core.variant_limits import Variants
from orchestrator.serving.gateway.api_errors import ApiError
from orchestrator.serving.gateway.request_schema import Sampling
from orchestrator.serving.replica_status import ReplicaStatus

Sink = Callable[[bytes], None]
Differs = Callable[[Any], bool]  # whether a value asks for something else than what the engine does anyway

UNTAKEN: Mapping[str, Mapping[str, Differs]] = {
    EngineName.OLLAMA.value: {
        "n": lambda count: count > 1,
        "top_k": lambda _: True,
        "min_p": lambda _: True,
        "logit_bias": bool,
        "tool_choice": lambda choice: choice != "auto",
        "parallel_tool_calls": lambda parallel: not parallel,
        "prompt": lambda prompt: not isinstance(prompt, str),
    }
}


def taking_fields(request: Sampling, variants: Variants) -> Variants:
    """Those whose engine leaves out nothing of the request; raises ApiError with a field's name where none is."""
    untaken = {variant: _untaken(request, variant.engine) for variant in variants}
    able = tuple(variant for variant, field in untaken.items() if field is None)
    if not able:
        variant, field = next(iter(untaken.items()))
        message = f"{field}: {variant.engine}, which serves this model, does not take this value"
        raise ApiError(400, message, code="unsupported_by_engine", param=field)
    return able


def _untaken(request: Sampling, engine: str) -> str | None:
    """The first field that the engine would leave out."""
    for field, differs in UNTAKEN.get(engine, {}).items():
        value = getattr(request, field, None)
        if value is not None and differs(value):
            return field
    return None


@dataclass(frozen=True)
class Translation:
    """A request as its engine takes it, and how the engine's name of the model is told to the client."""

    body: bytes
    own_name: bytes = b""  # as it stands in an event; within a text the quotes would be escaped
    asked_name: bytes = b""

    def back(self, sink: Sink) -> Sink:
        """What passes an answer on to `sink`: itself for an engine that answers to our names."""
        if not self.own_name:
            return sink
        return lambda data: sink(data.replace(self.own_name, self.asked_name))


def translated(status: ReplicaStatus, body: bytes) -> Translation:
    """The same bytes for an engine that answers to our names."""
    if not status.model:
        return Translation(body)
    data = json.loads(body)
    own_name, asked_name = (f'"model":{json.dumps(name)}'.encode() for name in (status.model, data["model"]))
    return Translation(_for_ollama(data, status.model), own_name, asked_name)


def _for_ollama(data: dict[str, Any], model: str) -> bytes:
    """Its own words for the model, for thinking, and for what was thought before."""
    template = data.pop("chat_template_kwargs", None)
    if template is not None:
        data["reasoning_effort"] = "medium" if template["enable_thinking"] else "none"
    for message in data.get("messages", ()):
        if thought := message.pop("reasoning_content", None):
            message["reasoning"] = thought
    return json.dumps({**data, "model": model}).encode()
