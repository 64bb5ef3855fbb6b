"""Filters as k9s has them, and orders: what is chosen, what is refused, and what can never break."""

from __future__ import annotations

from math import nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.deployment import GATEWAY
from orchestrator.core.errors import UsageError
from orchestrator.core.live.query import Predicate, predicate, selected
from orchestrator.core.live.replica_state import ReplicaState, is_faulty, state_of
from orchestrator.core.live.replica_words import REPLICA_WORDS
from orchestrator.core.live.snapshot import ReplicaRow
from tests.core.live.made import row

ROWS = (
    row("a1", deployment="bf16", host="node1", device="NVIDIA A100", generation_tok_s=900.0, kv_cache_usage=0.95),
    row("b2", deployment="gptq", host="node2", device="NVIDIA L4", generation_tok_s=90.0, kv_cache_usage=0.2),
    row("c3", deployment="gptq", host="node2", ready=False, reason="killed by SIGKILL", restarts=2),
    row("d4", deployment="gptq", state="STARTING", ready=False, num_requests_running=None),
    row("e5", deployment=GATEWAY, host="node1", num_requests_running=None, reason="listens"),
)


def wanted(text: str) -> Predicate:
    return predicate(text, REPLICA_WORDS)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "a1 b2 c3 d4 e5"),
        ("   ", "a1 b2 c3 d4 e5"),
        ("a100", "a1"),
        ("A100", "a1"),
        ("!gptq", "a1 e5"),
        ("node2 gptq", "b2 c3"),
        ("node2 !sigkill", "b2"),
        ("^c3", "c3"),
        ("state=failed", "c3"),
        ("state!=ready", "c3 d4"),
        ("variant=gp.q", "b2 c3 d4"),
        ("variant=gp", ""),
        ("kv>0.9", "a1"),
        ("tok_s<100", "b2"),
        ("restarts>1 host=node2", "c3"),
        ("!", ""),
    ],
)
def test_rows_meet_every_word(text: str, found: str) -> None:
    assert [each.replica_id for each in filter(wanted(text), ROWS)] == found.split()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[", "is no pattern"),
        ("a100 !(", "is no pattern"),
        ("state=*", "is no pattern"),
        ("kv>much", "'much' is no number"),
        ("kv>nan", "'nan' is no number"),
        ("kv>inf", "is no number"),
        ("kv=1", "there is no kv="),
        ("colour=red", "there is no colour="),
        ("host>1", "there is no host>"),
    ],
)
def test_what_is_no_filter_is_refused_with_what_there_is(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as refused:
        wanted(text)
    assert refused.value.hint


@given(st.text(max_size=30))
def test_whatever_is_typed_it_is_a_filter_or_refused(text: str) -> None:
    try:
        found = wanted(text)
    except UsageError:
        return
    assert all(found(each) in (True, False) for each in ROWS)


WORD = st.from_regex(r"[\w:/-]{1,3}", fullmatch=True, alphabet=st.characters(codec="ascii"))


@given(WORD, WORD | st.sampled_from(["A1-b:2/c", "-_-"]))
def test_a_plain_word_finds_what_it_would_as_a_pattern(word: str, name: str) -> None:
    assert wanted(word)(row(name)) is wanted(f"({word})")(row(name))


@given(st.sampled_from(sorted(REPLICA_WORDS.numbers)), st.floats(-1e9, 1e9))
def test_what_is_above_a_limit_is_not_below_it(key: str, limit: float) -> None:
    above, below = wanted(f"{key}>{limit!r}"), wanted(f"{key}<{limit!r}")
    assert not any(above(each) and below(each) for each in ROWS)


@given(st.sampled_from(sorted(REPLICA_WORDS.words)), st.sampled_from(["a1", "ready", "node2", "gptq", ".*", "nothing"]))
def test_unlike_is_the_opposite_of_like(key: str, value: str) -> None:
    alike, unlike = wanted(f"{key}={value}"), wanted(f"{key}!={value}")
    assert all(alike(each) is not unlike(each) for each in ROWS)


def order(key: Any, reverse: bool = False) -> str:
    return " ".join(each.replica_id for each in selected(ROWS, lambda each: True, key, reverse))


def test_what_has_no_value_comes_last_whichever_way() -> None:
    assert order(lambda each: each.generation_tok_s) == "b2 a1 c3 d4 e5"
    assert order(lambda each: each.generation_tok_s, reverse=True) == "a1 b2 c3 d4 e5"


def test_what_is_no_number_comes_last_as_well() -> None:
    rows = [row("a", tpot_s=nan), row("b", tpot_s=2.0), row("c", tpot_s=nan), row("d", tpot_s=1.0)]
    found = selected(rows, lambda each: True, lambda each: each.tpot_s, False)
    assert [each.replica_id for each in found] == ["d", "b", "a", "c"]


@pytest.mark.parametrize(
    ("seen", "state", "faulty"),
    [
        (row(), ReplicaState.READY, False),
        (row(ready=False), ReplicaState.FAILED, True),
        (row(ready=False, num_requests_running=None), ReplicaState.UNKNOWN, True),
        (row(deployment=GATEWAY, num_requests_running=None), ReplicaState.READY, False),
        (row(state="STARTING", ready=False), ReplicaState.STARTING, False),
        (row(state="UPDATING"), ReplicaState.STARTING, False),
        (row(state="RECOVERING"), ReplicaState.STARTING, False),
        (row(state="PENDING_MIGRATION"), ReplicaState.STARTING, False),
        (row(state="STOPPING"), ReplicaState.DRAINING, False),
        (row(state="OF_ANOTHER_RAY"), ReplicaState.UNKNOWN, True),
        (row(throttled="too hot"), ReplicaState.READY, True),
    ],
)
def test_a_state_is_one_word_and_faults_are_those_to_look_at(
    seen: ReplicaRow, state: ReplicaState, faulty: bool
) -> None:
    assert (state_of(seen), is_faulty(seen)) == (state, faulty)
