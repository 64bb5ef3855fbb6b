"""One answer out of a stream's pieces, however the bytes are cut."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.serving.gateway.engine_exchange import EngineFailed, EngineGone
from orchestrator.serving.gateway.joined_answer import JoinedAnswer
from tests.serving.scripted_engine import DONE
from tests.serving.test_event_stream import cut


def joined(*events: dict[str, Any], places: tuple[int, ...] = (), end: bytes = DONE) -> dict[str, Any]:
    data = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events) + end
    answer = JoinedAnswer()
    for piece in cut(data, list(places)):
        answer.write(piece)
    body: dict[str, Any] = json.loads(answer.body())
    return body


def choice(delta: dict[str, Any], index: int = 0, reason: str | None = None) -> dict[str, Any]:
    piece = {"index": index, "delta": delta, "finish_reason": reason}
    return {"id": "x", "object": "chat.completion.chunk", "choices": [piece]}


@given(st.lists(st.text(), min_size=1), st.lists(st.integers(min_value=0, max_value=10_000)))
def test_text_is_put_together_wherever_the_bytes_are_cut(texts: list[str], places: list[int]) -> None:
    pieces = [choice({"content": text}) for text in texts]
    answer = joined(*pieces, choice({}, reason="stop"), places=tuple(places))
    message = {"content": "".join(texts)}
    assert answer["choices"] == [{"index": 0, "message": message, "finish_reason": "stop"}]
    assert (answer["id"], answer["object"]) == ("x", "chat.completion")


def test_calls_of_tools_are_put_together_by_their_index() -> None:
    def call(index: int, **fields: Any) -> dict[str, Any]:
        return choice({"tool_calls": [{"index": index, **fields}]})

    answer = joined(
        choice({"role": "assistant", "content": None}),
        choice({"reasoning_content": "let me "}),
        choice({"reasoning_content": "see"}),
        call(1, id="b", type="function", function={"name": "g", "arguments": ""}),
        call(0, id="a", type="function", function={"name": "f", "arguments": '{"x"'}),
        call(0, function={"arguments": ": 1}"}),
        call(1, function={"arguments": "{}"}),
        choice({}, reason="tool_calls"),
    )
    (only,) = answer["choices"]
    assert only["message"] == {
        "role": "assistant",
        "content": None,
        "reasoning_content": "let me see",
        "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}},
            {"id": "b", "type": "function", "function": {"name": "g", "arguments": "{}"}},
        ],
    }


def test_choices_come_in_order_and_their_tokens_are_added_up_but_the_prompts_are_not() -> None:
    usage = {"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}}
    answer = joined(choice({"content": "b"}, 1, "stop"), usage, choice({"content": "a"}, 0, "length"), usage)
    assert [one["message"]["content"] for one in answer["choices"]] == ["a", "b"]
    assert answer["usage"] == {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14}


@pytest.mark.parametrize(
    ("events", "end"),
    [
        ((), DONE),
        ((choice({"content": "a"}),), DONE),
        ((choice({"content": "a"}, reason="stop"), choice({"content": "b"}, index=1)), DONE),
        ((choice({"content": "a"}, reason="stop"),), b""),
        ((choice({"content": "a"}, reason="stop"),), DONE[:-2]),
        (({"choices": [1]},), DONE),
        (({"choices": [{"delta": {"tool_calls": [{}]}, "finish_reason": "stop"}]},), DONE),
    ],
)
def test_an_answer_that_is_not_whole_is_none(events: tuple[dict[str, Any], ...], end: bytes) -> None:
    with pytest.raises(EngineGone):
        joined(*events, end=end)


def test_an_engines_own_error_is_its_failure() -> None:
    with pytest.raises(EngineFailed):
        joined(choice({"content": "a"}), {"error": {"message": "no"}})
