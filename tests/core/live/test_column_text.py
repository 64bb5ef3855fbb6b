"""core.live.column_text: a column is written as each of its values would be alone."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.live.column_text import writer
from orchestrator.core.live.event import Severity
from orchestrator.core.live.plain import codec

NUMBERS = st.floats() | st.integers(-(2**70), 2**70) | st.sampled_from([9.22335e18, 9.2233e18, -9.3e18, 123456.0, -0.0])
KINDS: dict[tuple[Any, str], st.SearchStrategy[Any]] = {
    (float, "power_w"): NUMBERS,
    (float | None, "power_w"): NUMBERS | st.none(),
    (float | None, "started_at_s"): st.floats() | st.none(),
    (int, "restarts"): st.integers(),
    (int | None, "max_num_seqs"): st.integers() | st.none() | st.sampled_from([2**63, -(2**63), 2**63 - 1]),
    (str, "host"): st.text(),
    (str | None, "error"): st.text() | st.none(),
    (bool, "ready"): st.booleans(),
    (tuple[int, ...], "gpus"): st.lists(st.integers(0, 7)).map(tuple),
    (Severity, "severity"): st.sampled_from(Severity),
}


@pytest.mark.parametrize("kind", KINDS, ids=str)
@given(data=st.data())
def test_a_column_is_written_as_its_values_are_one_by_one(kind: tuple[Any, str], data: st.DataObject) -> None:
    values = data.draw(st.lists(KINDS[kind]))
    plain = codec(*kind).plain
    assert [json.loads(text) for text in writer(*kind)(values)] == [plain(value) for value in values]
