"""What of a checked request an engine cannot take, and the request in an engine's own words: one table each.

Ollama: docs/api/openai-compatibility.mdx, and for what its list leaves open openai/openai.go, at v0.33.0-rc2. It
leaves out in silence what it does not know, so qorch refuses each field that would have changed the answer; `user`
and an image's `detail` change none.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any

from orchestrator.core.profile import EngineName
from orchestrator.serving.gateway.api_errors import ApiError
from orchestrator.serving.gateway.request_schema import Sampling
from orchestrator.serving.replica_status import ReplicaStatus

UNCOUNTED = frozenset({EngineName.OLLAMA.value})  # engines without a route that counts a prompt's tokens

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


def check_fields(request: Sampling, engines: Collection[str]) -> None:
    """Refuse by name what one of the engines would leave out, since any of them may be asked; raises ApiError."""
    for engine in engines:
        for field, differs in UNTAKEN.get(engine, {}).items():
            value = getattr(request, field, None)
            if value is not None and differs(value):
                message = f"{field}: {engine}, which serves this model, does not take this value"
                raise ApiError(400, message, code="unsupported_by_engine", param=field)


def in_engines_words(status: ReplicaStatus, body: bytes) -> bytes:
    """The body as this engine takes it; the same bytes for an engine that answers to our names."""
    return _for_ollama(json.loads(body), status.model) if status.model else body


def _for_ollama(data: dict[str, Any], model: str) -> bytes:
    """Its own words for the model, for thinking, and for what was thought before."""
    template = data.pop("chat_template_kwargs", None)
    if template is not None:
        data["reasoning_effort"] = "medium" if template["enable_thinking"] else "none"
    for message in data.get("messages", ()):
        if thought := message.pop("reasoning_content", None):
            message["reasoning"] = thought
    return json.dumps({**data, "model": model}).encode()
