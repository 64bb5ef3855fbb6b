"""A whole answer out of an engine's stream: each event adds its piece.

An engine is asked for a stream also when the client wants one answer: llama.cpp looks only once a second, and under
load never, whether whoever waits for a whole answer is still there, but a stream's client that left it notices at once.
"""

from __future__ import annotations

import json
from typing import Any

from orchestrator.serving.gateway.answer_pace import AnswerPace
from orchestrator.serving.gateway.engine_exchange import MOST_ANSWER_BYTES, EngineFailed, EngineGone
from orchestrator.serving.gateway.event_pieces import EventPieces
from orchestrator.serving.gateway.usage_events import UsageEvents

GROWING = frozenset({"content", "reasoning_content", "reasoning", "text", "arguments"})
DATA, END = b"data: ", b"[DONE]"


class _Text(list[str]):
    """A text's pieces, put together at the end."""


class _Numbered(dict[int, dict[str, Any]]):
    """Choices, or calls of tools, by their index: a list at the end."""


class JoinedAnswer:
    """What `write` was given, as the one JSON object that the engine would have sent."""

    def __init__(self) -> None:
        self.last = b""
        self.pace = AnswerPace()
        self._pieces = EventPieces()
        self._size = 0
        self._ended = False
        self._answer: dict[str, Any] = {}
        self._choices = _Numbered()
        self._usage: dict[str, Any] = {}
        self.usage = UsageEvents(hidden=False)

    def write(self, data: bytes) -> None:
        """Raises EngineFailed at an engine's own error, and EngineGone where an answer has no end or no sense."""
        self.last = data
        self._size += len(data)
        if self._size > MOST_ANSWER_BYTES:
            raise EngineGone("the engine's answer has no end")
        whole = self._pieces.whole(data)
        self.pace.count(whole)
        for event in whole.split(b"\n\n"):
            if event.startswith(DATA):
                self._read(event.removeprefix(DATA))

    def body(self) -> bytes:
        """The answer as JSON; raises EngineGone when the stream ended before each of its choices did."""
        choices = _put_together(self._choices)
        if not self._ended or not choices or not all(choice.get("finish_reason") for choice in choices):
            raise EngineGone("the engine's stream ended early")
        answer = {**self._answer, "object": _kind(self._answer), "choices": choices, "usage": self._usage or None}
        return json.dumps(answer).encode()

    def _read(self, text: bytes) -> None:
        if text == END:
            self._ended = True
            return
        try:
            self._add(json.loads(text))
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise EngineGone("the engine's event makes no sense") from error

    def _add(self, event: dict[str, Any]) -> None:
        if "error" in event:
            raise EngineFailed("the engine told of an error in its stream")
        for piece in event.pop("choices", ()):
            choice = self._choices.setdefault(piece.get("index", 0), {})
            _grow(choice, {"message" if name == "delta" else name: value for name, value in piece.items()})
        usage = event.pop("usage", None)
        self._count(usage)
        self.usage.add(usage)
        self._answer |= event

    def _count(self, usage: dict[str, Any] | None) -> None:
        """llama.cpp counts each choice on its own, vLLM all of them together; the prompt counts once."""
        if usage:
            completion = self._usage.get("completion_tokens", 0) + usage["completion_tokens"]
            total = usage["prompt_tokens"] + completion
            self._usage = {**usage, "completion_tokens": completion, "total_tokens": total}


def _grow(whole: dict[str, Any], piece: dict[str, Any]) -> None:
    """Text and lists get longer, objects are filled, and anything else is the last that was said."""
    for name, value in piece.items():
        if name in GROWING and isinstance(value, str):
            whole[name] = whole.get(name) or _Text()
            whole[name].append(value)
        elif name == "tool_calls" and value:
            whole[name] = whole.get(name) or _Numbered()
            _grow_calls(whole[name], value)
        elif isinstance(value, dict):
            whole[name] = whole.get(name) or {}
            _grow(whole[name], value)
        elif isinstance(value, list):
            whole[name] = whole.get(name) or []
            whole[name].extend(value)
        elif value is not None:
            whole[name] = value
        else:
            whole.setdefault(name, None)


def _grow_calls(calls: _Numbered, pieces: list[dict[str, Any]]) -> None:
    """Each piece says by its index which call it belongs to; a whole answer's calls have none."""
    for piece in pieces:
        rest = {name: value for name, value in piece.items() if name != "index"}
        _grow(calls.setdefault(piece["index"], {}), rest)


def _put_together(part: Any) -> Any:
    if isinstance(part, _Text):
        return "".join(part)
    if isinstance(part, _Numbered):
        return [_put_together(part[index]) for index in sorted(part)]
    if isinstance(part, dict):
        return {name: _put_together(value) for name, value in part.items()}
    return [_put_together(value) for value in part] if isinstance(part, list) else part


def _kind(answer: dict[str, Any]) -> Any:
    return str(answer.get("object", "")).removesuffix(".chunk")
