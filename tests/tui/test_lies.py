"""Whatever numbers and texts a source or a recording tells, every view makes lines of them."""

from __future__ import annotations

import csv
import json
from dataclasses import fields, replace
from io import StringIO
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.answered import Answered
from orchestrator.core.live.query import selected
from orchestrator.core.live.snapshot import GpuRow, HostRow, ReplicaRow, Summary
from orchestrator.views.live.columns import COLUMNS
from orchestrator.views.live.export import csv_text, json_text, names_of
from orchestrator.views.live.header import header_lines
from orchestrator.views.live.hosts import host_lines
from orchestrator.views.live.replica import replica_lines
from orchestrator.views.live.requests import request_lines
from orchestrator.views.live.span import text_of
from tests.tui.fleets import AT_S, FLEET
from tui.pages import yaml_of

NUMBERS = st.floats() | st.none() | st.sampled_from([-1.0, 0.0, 1e308])
TEXTS = st.text(alphabet=st.characters(codec="utf-8"), max_size=20)


def lying(kind: type[Any]) -> st.SearchStrategy[Any]:
    """A row of which every measured field may be anything."""
    made = {}
    for field in fields(kind):
        annotation = str(field.type)
        if annotation == "str":
            made[field.name] = TEXTS
        elif annotation == "float":
            made[field.name] = st.floats()
        elif "float" in annotation:
            made[field.name] = NUMBERS
        elif annotation == "Steps":
            made[field.name] = st.dictionaries(TEXTS, st.floats(), max_size=3)
    some = (FLEET.replicas[0], FLEET.gpus[0], FLEET.hosts[0], FLEET.failed_requests[0], FLEET.summary)
    known = next(each for each in some if type(each) is kind)
    return st.fixed_dictionaries({}, optional=made).map(lambda changes: replace(known, **changes))


@given(
    st.lists(lying(ReplicaRow), min_size=1, max_size=4), lying(GpuRow), lying(HostRow), lying(Answered), lying(Summary),
    st.floats(),
)  # fmt: skip
def test_every_view_makes_lines_that_steer_nothing(
    rows: list[ReplicaRow], gpu: GpuRow, host: HostRow, request: Answered, summary: Summary, now_s: float
) -> None:
    snapshot = replace(
        FLEET, replicas=tuple(rows), gpus=(gpu,), hosts=(host,), failed_requests=(request,), summary=summary
    )
    lines = [
        *header_lines(snapshot, now_s),
        *replica_lines(rows[0], snapshot, now_s),
        *host_lines(snapshot),
        *request_lines(snapshot.failed_requests),
        *yaml_of(snapshot)(snapshot, now_s),
    ]
    assert all(text_of(line).isprintable() for line in lines)


@given(st.lists(lying(ReplicaRow), max_size=6))
def test_rows_can_be_put_in_order_by_any_column(rows: list[ReplicaRow]) -> None:
    for column in COLUMNS:
        for reverse in (False, True):
            ordered = selected(rows, lambda row: True, column.key, reverse)
            assert sorted(map(id, ordered)) == sorted(map(id, rows))
            assert all(isinstance(column.cell(row, AT_S), str) for row in ordered)


@given(st.lists(lying(ReplicaRow), max_size=4))
def test_exports_are_files_that_others_can_read(rows: list[ReplicaRow]) -> None:
    read = json.loads(json_text(rows), parse_constant=_refused)
    assert [each["replica_id"] for each in read] == [row.replica_id for row in rows]
    names, *lines = csv.reader(StringIO(csv_text(rows), newline=""))
    assert names == list(names_of(ReplicaRow))
    assert [line[0].removeprefix("'") for line in lines] == [row.replica_id.removeprefix("'") for row in rows]
    assert not any(cell.startswith(("=", "@")) for line in lines for cell in line)


def _refused(name: str) -> None:
    raise ValueError(f"JSON has no {name}")
