"""Sums of what replicas did."""

from __future__ import annotations

from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.scaling.did import NOTHING_DONE, and_did
from orchestrator.core.scaling.replica_track import Gain
from orchestrator.core.scaling.seen import ReplicaSample

amounts = st.floats(0, 1e9)
gained = st.lists(st.tuples(st.builds(ReplicaSample, *[amounts] * 6), st.builds(Gain, *[amounts] * 5)), max_size=9)


@given(st.lists(gained, max_size=5))
def test_in_whatever_parts_replicas_are_followed_the_sums_are_the_same_bit_for_bit(
    parts: list[list[tuple[ReplicaSample, Gain]]],
) -> None:
    together = [each for part in parts for each in part]
    assert reduce(and_did, parts, NOTHING_DONE) == and_did(NOTHING_DONE, together)
    assert and_did(NOTHING_DONE, together).served.work == sum(gain.served for _, gain in together)
