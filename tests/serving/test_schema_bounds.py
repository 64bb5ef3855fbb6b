"""JSON schemas that would keep an engine busy for ever, or kill it, are refused; those that people use are not."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic_core import PydanticCustomError

from orchestrator.serving.gateway.api_errors import ApiError
from orchestrator.serving.gateway.request_schema import ChatRequest
from orchestrator.serving.gateway.schema_bounds import bounded_schema
from orchestrator.serving.gateway.service import engine_body
from orchestrator.serving.gateway.validation import parse
from tests.serving.raw import chat

BOMB = "^((a{0,30}){0,30}){0,30}$"


def answers_as(schema: dict[str, Any]) -> bytes:
    return chat(response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": schema}})


def with_tool(parameters: dict[str, Any]) -> bytes:
    return chat(tools=[{"type": "function", "function": {"name": "f", "parameters": parameters}}])


def either(*more: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [{"type": "object", "properties": {"a": part}, "required": ["a"]} for part in more]}


def chain(length: int) -> dict[str, Any]:
    links = {f"d{n}": either(*[{"$ref": f"#/$defs/d{n + 1}"}] * 2) for n in range(length)}
    return {"$defs": {**links, f"d{length}": {"type": "string"}}, "$ref": "#/$defs/d0"}


def nested(depth: int) -> dict[str, Any]:
    return {"type": "array", "items": nested(depth - 1)} if depth else {"type": "string"}


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"type": "string", "pattern": BOMB}, "pattern"),
        ({"type": "object", "properties": {"a": {"anyOf": [{"pattern": "a"}]}}}, "pattern"),
        ({"$defs": {"a": {"pattern": "a"}}, "$ref": "#/$defs/a"}, "pattern"),
        ({"$defs": {"c": {"$ref": "#/$defs/c"}}, "allOf": [{"$ref": "#/$defs/c"}]}, "recursion"),
        ({"$defs": {"n": either({"$ref": "#/$defs/n"}, {"$ref": "#/$defs/n"})}, "$ref": "#/$defs/n"}, "recursion"),
        ({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"items": {"$ref": "#/$defs/a"}}}}, "recursion"),
        (either({"$ref": "#"}), "recursion"),
        ({"$defs": {"a/b": {"allOf": [{"$ref": "#/$defs/a~1b"}]}}, "$ref": "#/$defs/a~1b"}, "leads to no part"),
        ({"$defs": {"a": {}}, "$ref": "#/%24defs/a"}, "leads to no part"),
        ({"allOf": [{"$ref": "#/allOf/0"}]}, "leads to no part"),
        ({"$ref": "https://example.com/schema"}, "leads to no part"),
        ({"$ref": ""}, "leads to no part"),
        (chain(24), "parts"),
        (nested(70), "nests"),
        ({"enum": [str(number) for number in range(2001)]}, "parts"),
        ({"properties": {f"p{n}": {"type": "string"} for n in range(1100)}}, "parts"),
        ({"description": "x" * 33_000}, "characters"),
        ({"const": float("nan")}, "number"),
        ({"default": float("inf")}, "number"),
        ({"type": "integer", "maximum": -(10**15)}, "too far"),
        ({"type": "integer", "exclusiveMinimum": 1e15}, "too far"),
        ({"type": "string", "minLength": 9, "maxLength": 1}, "minimum above"),
        ({"items": {"type": "integer", "minimum": 1.5, "maximum": 1}}, "minimum above"),
    ],
)
def test_a_schema_that_an_engine_could_choke_on_is_refused(schema: dict[str, Any], reason: str) -> None:
    with pytest.raises(ApiError, match=reason) as raised:
        parse(ChatRequest, answers_as(schema))
    assert raised.value.status == 400
    assert str(raised.value.error["param"]).startswith("response_format.json_schema.schema")
    if reason != "pattern":
        with pytest.raises(ApiError, match=reason):
            parse(ChatRequest, with_tool(schema))


class Leaf(BaseModel):
    name: str
    pattern: int | None = None


class Tree(BaseModel):
    first: Leaf
    others: list[Leaf] | None


@pytest.mark.parametrize(
    "schema",
    [
        {},
        Tree.model_json_schema(),
        chain(5),
        nested(20),
        {"type": "object", "properties": {"pattern": {"type": "string"}, "$ref": {"type": "integer"}}},
        {"enum": ["a", "b", None, 1.5, True]},
        {"type": "integer", "minimum": -9007199254740991, "maximum": 9007199254740991},
        {"$defs": {"a": {"type": "string"}}, "items": {"$ref": "#/$defs/a"}, "not": {"$ref": "#/$defs/a"}},
    ],
)
def test_a_schema_that_people_use_passes_unchanged(schema: dict[str, Any]) -> None:
    sent = json.loads(engine_body(parse(ChatRequest, answers_as(schema))))
    assert sent["response_format"]["json_schema"]["schema"] == schema


def test_a_tools_patterns_stay_here_and_all_else_of_it_goes_on() -> None:
    parameters = {
        "type": "object",
        "properties": {"pattern": {"type": "string", "pattern": BOMB}, "b": {"anyOf": [{}]}},
    }
    sent = json.loads(engine_body(parse(ChatRequest, with_tool(parameters))))
    del parameters["properties"]["pattern"]["pattern"]  # type: ignore[index]
    assert sent["tools"][0]["function"]["parameters"] == parameters


def called_with(arguments: str) -> bytes:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": arguments}}
    answered = {"role": "tool", "tool_call_id": "1", "content": "x"}
    return chat(messages=[{"role": "assistant", "content": None, "tool_calls": [call]}, answered])


@pytest.mark.parametrize("arguments", ["[" * 5000 + "]" * 5000, '{"a":' * 300 + "1" + "}" * 300, "{", "nonsense"])
def test_arguments_that_would_crash_an_engines_parser_are_refused(arguments: str) -> None:
    with pytest.raises(ApiError, match="JSON") as raised:
        parse(ChatRequest, called_with(arguments))
    assert raised.value.error["param"] == "messages.0.tool_calls.0.function.arguments"


@pytest.mark.parametrize(("arguments", "sent"), [('{"a": [1]}', '{"a": [1]}'), ("", "{}")])
def test_arguments_of_earlier_calls_go_on_and_none_are_an_empty_object(arguments: str, sent: str) -> None:
    body = json.loads(engine_body(parse(ChatRequest, called_with(arguments))))
    assert body["messages"][0]["tool_calls"][0]["function"]["arguments"] == sent


NAMES = st.sampled_from(["a", "anyOf", "properties", "items", "$defs", "pattern", "enum"])
REFERENCES = st.sampled_from(["#", "#/$defs/a", "#/a", "#/properties/a", "x"]).map(lambda to: {"$ref": to})
SCHEMAS = st.recursive(
    st.text(max_size=3) | st.integers() | REFERENCES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=40,
)


@given(st.dictionaries(NAMES, SCHEMAS, max_size=4))
def test_any_schema_is_judged_in_bounded_steps(schema: dict[str, Any]) -> None:
    with contextlib.suppress(PydanticCustomError):
        assert bounded_schema(schema) is schema
