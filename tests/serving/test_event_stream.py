"""Whole events only, however the engine's bytes are cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.serving.gateway.api_errors import engine_died, engine_failed
from orchestrator.serving.gateway.engine_exchange import EngineFailed
from orchestrator.serving.gateway.event_stream import DONE, EventStream
from orchestrator.serving.gateway.reply import Reply
from tests.serving.scripted_engine import event

WORDS = st.lists(
    st.text(alphabet=st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters='"\\')), min_size=1
)


class Wire:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.pieces.append(data)


def open_stream() -> tuple[EventStream, Wire]:
    wire = Wire()
    reply = Reply(wire, http_1_1=False, bodiless=False, keep_alive=False)  # type: ignore[arg-type]
    return EventStream(reply, [], lambda: None), wire


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[a:b] for a, b in pairwise(edges) if a < b]


def write_all(stream: EventStream, pieces: list[bytes]) -> None:
    for piece in pieces:
        stream.write(piece)


@given(WORDS, st.lists(st.integers(0, 10_000), max_size=20))
def test_any_cut_of_a_stream_forwards_the_same_bytes_in_whole_events(words: list[str], places: list[int]) -> None:
    sent = b"".join(event(word) for word in words) + DONE
    stream, wire = open_stream()
    write_all(stream, cut(sent, places))
    assert stream.end(None, "id")
    assert all(piece.endswith(b"\n\n") for piece in wire.pieces[1:])
    assert b"".join(wire.pieces[1:]) == sent


@given(WORDS, st.integers(0, 10_000), st.lists(st.integers(0, 10_000), max_size=20))
def test_an_engines_own_error_stops_the_stream_where_it_stands(words: list[str], at: int, places: list[int]) -> None:
    chunks = [event("first"), *map(event, words)]
    good = b"".join(chunks[: 1 + at % len(chunks)])
    chunks.insert(1 + at % len(chunks), b'data: {"error":"secret"}\n\n')
    stream, wire = open_stream()
    pieces = [piece for chunk in chunks for piece in cut(chunk, places)]  # each is a chunk of its own on the wire
    with pytest.raises(EngineFailed):
        write_all(stream, pieces)
    stream.end(engine_failed(), "id")
    sent = b"".join(wire.pieces[1:])
    assert sent.startswith(good)
    assert b"secret" not in sent
    assert sent[len(good) :].count(b"\n\n") == 2
    assert sent.endswith(DONE)


@given(WORDS, st.integers(0, 10_000))
def test_a_stream_cut_anywhere_ends_with_one_error_and_the_end_mark(words: list[str], place: int) -> None:
    sent = b"".join(event(word) for word in words)
    stream, wire = open_stream()
    stream.write(event("first"))
    stream.write(sent[: place % len(sent)])
    assert not stream.end(engine_died(), "id")
    events = b"".join(wire.pieces[1:]).split(b"\n\n")
    assert events[-1] == b""
    assert events[-2] == b"data: [DONE]"
    assert b'"code": "engine_died"' in events[-3]
    assert all(one.startswith(b"data: ") for one in events[:-1])
    assert sum(b'"error"' in one for one in events) == 1
