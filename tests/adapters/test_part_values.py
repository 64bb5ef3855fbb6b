"""The bytes of a history's parts: what was written comes back, and what is not that is refused within bounds."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orchestrator.adapters import part_values
from orchestrator.adapters.look_pieces import LookStream, packed
from orchestrator.adapters.part_values import looks_value, minutes_from, minutes_value, segment_from
from orchestrator.core.scaling.load_minutes import LoadMinute
from orchestrator.core.scaling.looks import Segment
from tests.adapters.recorded_pool import looked
from tests.core.scaling.seen_pools import PoolRun

Read = Callable[[bytes], Any]
ANY = st.floats(allow_nan=False)
MINUTES = st.builds(LoadMinute, *[ANY] * 8, st.integers(0, 9), st.integers(0, 9))


@pytest.fixture(scope="module")
def segment() -> Segment:
    run = PoolRun()
    run.step(9.0)
    return Segment(run.memory, tuple(looked(run, 9.0)[0] for _ in range(4)))


@pytest.fixture(scope="module")
def value(segment: Segment) -> bytes:
    stream = LookStream()
    pieces = [stream.piece(segment.looks[:3]), stream.piece(segment.looks[3:])]
    return looks_value(packed(segment.memory), pieces)


@given(st.lists(MINUTES, max_size=3).map(tuple))
def test_minutes_come_back_bit_for_bit(minutes: tuple[LoadMinute, ...]) -> None:
    assert minutes_from(minutes_value(minutes)) == minutes


def test_looks_come_back_with_what_was_remembered_before_them(segment: Segment, value: bytes) -> None:
    assert segment_from(value) == segment
    assert segment_from(looks_value(b"", [])) == Segment(None, ())


@given(st.binary(max_size=60))
@example(b"")
@example(b"\xff\xff\xff\xff")
@example(b"\x00\x00\x00\x05ab")
@example(zlib.compress(b"{}"))
@example(zlib.compress(b'[{"begin_s":0.0}]'))
def test_what_is_no_part_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        minutes_from(data)
    if data[:4] != b"\0\0\0\0":
        with pytest.raises(ValueError, match=r".+"):
            segment_from(data)


@pytest.mark.parametrize("read", [minutes_from, segment_from])
def test_one_that_comes_to_more_than_a_part_may_is_refused_before_it_takes_the_memory(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part_values, "MOST_TEXT_BYTES", 1000)
    bomb = zlib.compress(b" " * 10**6)
    for data in (bomb, len(bomb).to_bytes(4) + bomb, bytes(4) + bomb):
        with pytest.raises(ValueError, match=r"more than 1000 bytes|cut off|damaged"):
            read(data)


def test_a_look_of_another_version_is_refused(value: bytes) -> None:
    text = zlib.decompressobj().decompress(value[4 + int.from_bytes(value[:4]) :])
    other = text.replace(b'"goal":', b'"aim":')
    with pytest.raises(ValueError, match="goal"):
        segment_from(looks_value(b"", [zlib.compress(other)]))
