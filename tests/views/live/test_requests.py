"""Requests that ended, as lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.answered import Answered
from orchestrator.views.live.playback import clock_text
from orchestrator.views.live.requests import request_lines
from orchestrator.views.live.span import Tone, text_of
from tests.core.live.made import BEGIN_S, answered


def shown(*requests: Answered) -> list[str]:
    return [text_of(line) for line in request_lines(requests)]


def test_a_request_is_told_with_its_tokens_times_end_and_id() -> None:
    _, head, line = shown(answered(waited_s=1.5))
    assert " ".join(head.split()) == "ENDED REPLICA PROMPT TOKENS TTFT TPOT WAITED TOOK OUTCOME REQUEST"
    ended = clock_text(BEGIN_S + 100)
    assert line.split() == [ended, "a", "1,200", "116", "200ms", "20ms", "1.5s", "2.5s", "●", "200", "ok", "id1"]


def test_the_latest_is_first_and_before_all_stands_how_many_went_well() -> None:
    lines = shown(
        answered(at_s=BEGIN_S, request_id="old"),
        answered(outcome="engine_died", status=502, tries=2),
        answered(outcome="saturated", status=429),
        answered(outcome="client left", status=0),
        answered(request_id="new"),
    )
    assert lines[0] == "the last 5: 2 answered, 1 failed, 1 refused, 1 left by their clients"
    assert lines[2].endswith("new")
    assert lines[-1].endswith("old")


@pytest.mark.parametrize(
    ("fields", "words", "tone"),
    [
        ({}, "● 200 ok", Tone.PLAIN),
        ({"outcome": "engine_died", "status": 502, "tries": 2}, "✖ 502 engine_died, 2 engines", Tone.BAD),
        ({"outcome": "stream_incomplete"}, "✖ 200 stream_incomplete", Tone.BAD),
        ({"outcome": "saturated", "status": 429}, "▲ 429 saturated", Tone.WARN),
        ({"outcome": "client left", "status": 0}, "◌ client left", Tone.DIM),
    ],
)
def test_how_it_ended_is_told_by_a_sign_and_words(fields: dict[str, object], words: str, tone: Tone) -> None:
    line = list(request_lines([answered(**fields)]))[-1]
    assert line[1].text.strip() == words
    assert line[1].tone is tone


def test_what_nobody_tells_is_a_dash() -> None:
    never = Answered(BEGIN_S, "id", "", 503, "no_engine_ready", 0.0, 0.5)
    assert shown(never)[-1].split()[1:7] == ["-"] * 6


def test_where_none_has_ended_it_says_so() -> None:
    assert shown() == ["none has ended yet"]


@given(st.lists(st.builds(Answered)))
def test_whatever_is_told_can_be_shown(requests: list[Answered]) -> None:
    assert all(line.isprintable() for line in shown(*requests))
