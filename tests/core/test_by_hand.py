"""Orders for one replica: how they travel, and when they are refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.by_hand import MOST_DRAIN_S, ReplicaOrder, Task, Verb, order_from_data, refusal

ORDERS = st.builds(
    ReplicaOrder, st.text(), st.sampled_from(Verb), st.booleans(), st.floats(0, MOST_DRAIN_S, allow_nan=False)
)
GOOD: dict[str, Any] = ReplicaOrder("a", Verb.RESTART).to_data()


@given(ORDERS)
def test_an_order_is_read_as_it_was_sent(order: ReplicaOrder) -> None:
    assert order_from_data(json.loads(json.dumps(order.to_data()))) == order


@pytest.mark.parametrize(
    "data",
    [
        {},
        {**GOOD, "verb": "kill"},
        {**GOOD, "drain_s": "nan"},
        {**GOOD, "drain_s": -1},
        {**GOOD, "drain_s": MOST_DRAIN_S + 1},
        {**GOOD, "drain_s": None},
        [],
        "restart",
    ],
)
def test_what_is_no_order_is_not_taken_for_one(data: Any) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        order_from_data(data)


@pytest.mark.parametrize(
    ("verb", "task", "said"),
    [
        (Verb.RESTART, Task.NONE, ""),
        (Verb.DRAIN, Task.NONE, ""),
        (Verb.RESTART, Task.DRAINED, ""),
        (Verb.DRAIN, Task.DRAINED, "the replica a is drained already"),
        (Verb.RESTART, Task.RESTARTING, "the replica a is restarting by hand already"),
        (Verb.DRAIN, Task.RESTARTING, "the replica a is restarting by hand already"),
        (Verb.RESTART, Task.DRAINING, "the replica a is draining by hand already"),
    ],
)
def test_a_replica_does_one_thing_at_a_time_and_one_that_is_drained_can_only_begin_anew(
    verb: Verb, task: Task, said: str
) -> None:
    assert refusal(ReplicaOrder("a", verb), task) == said
