"""Counts of tokens are taken out of a stream, and nothing else of it is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.serving.gateway.usage_events import UsageEvents
from tests.serving.scripted_engine import DONE, event, last_event


def usage(prompt: int, completion: int) -> bytes:
    told = {"choices": [], "usage": {"prompt_tokens": prompt, "completion_tokens": completion}}
    return f"data: {json.dumps(told, separators=(',', ':'))}\n\n".encode()


EVENTS = st.lists(st.sampled_from([event("a"), event('\\"usage\\":{'), last_event("end"), DONE, usage(3, 4)]))


@given(EVENTS, st.booleans())
def test_only_events_with_nothing_but_counts_are_held_back_and_only_from_who_did_not_ask(
    events: list[bytes], hidden: bool
) -> None:
    counts = UsageEvents(hidden)
    passed = b"".join(map(counts.pass_on, events))
    assert passed == b"".join(each for each in events if not (hidden and each == usage(3, 4)))
    assert UsageEvents(hidden).pass_on(b"".join(events)) == passed


@given(EVENTS)
def test_completions_of_several_choices_are_summed_and_the_prompt_counts_once(events: list[bytes]) -> None:
    counts = UsageEvents(hidden=True)
    counts.pass_on(b"".join(events))
    times = events.count(usage(3, 4))
    assert (counts.prompt_tokens, counts.generation_tokens) == ((3, 4 * times) if times else (None, None))


@pytest.mark.parametrize("hidden", [True, False])
def test_counts_in_an_event_that_says_something_too_are_taken_and_the_event_goes_on(hidden: bool) -> None:
    both = b'data: {"choices":[{"text":"a"}],"usage":{"prompt_tokens":1,"completion_tokens":2}}\n\n'
    counts = UsageEvents(hidden)
    assert counts.pass_on(both) == both
    assert counts.generation_tokens == 2


@pytest.mark.parametrize(
    "nonsense",
    [b'data: {"usage":{\n\n', b'data: {"choices":[],"usage":{"prompt_tokens":"many","completion_tokens":1}}\n\n'],
)
def test_counts_that_make_no_sense_are_none(nonsense: bytes) -> None:
    counts = UsageEvents(hidden=False)
    assert counts.pass_on(nonsense) == nonsense
    assert counts.prompt_tokens is None
