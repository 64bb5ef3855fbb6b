"""Whole events only, however the engine's bytes are cut."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.serving.gateway.api_errors import engine_died
from orchestrator.serving.gateway.event_stream import DONE, EventStream
from orchestrator.serving.gateway.http_messages import Request
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
    request = Request("POST", "/", {}, b"", http_1_1=False, keep_alive=False)
    return EventStream(Reply(wire, request), [], lambda: None), wire  # type: ignore[arg-type]


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[a:b] for a, b in pairwise(edges) if a < b]


@given(WORDS, st.lists(st.integers(0, 10_000), max_size=20))
def test_any_cut_of_a_stream_forwards_the_same_bytes_in_whole_events(words: list[str], places: list[int]) -> None:
    sent = b"".join(event(word) for word in words) + DONE
    stream, wire = open_stream()
    for piece in cut(sent, places):
        stream.write(piece)
    assert stream.end(None, "id")
    assert all(piece.endswith(b"\n\n") for piece in wire.pieces[1:])
    assert b"".join(wire.pieces[1:]) == sent


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
