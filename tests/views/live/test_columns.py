"""The fleet's table: which columns a terminal has room for, and what each cell says."""

from __future__ import annotations

from math import nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.deployment import GATEWAY
from orchestrator.core.live.query import selected
from orchestrator.core.live.snapshot import ReplicaRow
from orchestrator.views.live.column import fitting, widths
from orchestrator.views.live.columns import COLUMNS, REPLICAS
from orchestrator.views.live.span import Tone
from tests.core.live.made import BEGIN_S, row

GIB = 2**30
FULL = row(
    "a1b2c3", host="node1", gpus=(0, 1), device="NVIDIA A100", utilization_percent=87, memory_used_bytes=61 * GIB,
    memory_total_bytes=160 * GIB, temperature_c=71, power_w=310.0, power_limit_w=400.0, kv_cache_usage=0.42,
    num_requests_running=12, num_requests_waiting=3, generation_tok_s=812.0, prompt_tok_s=4000.0, share_tok_s=1000.0,
    tpot_s=0.021, load_s=74.0, started_at_s=BEGIN_S - 3700, ttft_p50_s=0.18, ttft_p99_s=0.9, prefix_cache_hits=0.31,
    errors_per_min=2.0, restarts=1, revision="qwen3.5-9b-gptq, vllm 0.33.0",
)  # fmt: skip
NARROW = ["replica", "state", "tok_s", "run", "wait", "reason"]


def shown(of: ReplicaRow) -> dict[str, str]:
    return {column.name: column.cell(of, BEGIN_S) for column in COLUMNS}


def tone(name: str, **fields: Any) -> Tone:
    return REPLICAS.by_name[name].tone(row(**fields))


def test_a_row_says_all_that_is_known() -> None:
    assert shown(FULL) == {
        "replica": "a1b2c3",
        "state": "● ready",
        "variant": "demo",
        "host": "node1",
        "gpu": "0,1",
        "tok_s": "812",
        "share": "81%",
        "run": "12",
        "wait": "3",
        "tpot": "21ms",
        "ttft": "180ms/900ms",
        "kv": "42%",
        "util": "87%",
        "memory": "61.0/160G",
        "hits": "31%",
        "errors": "2.0",
        "restarts": "1",
        "temp": "71°",
        "power": "310/400W",
        "prompt": "4,000",
        "load": "74.0s",
        "age": "1h",
        "revision": "qwen3.5-9b-gptq, vllm 0.33.0",
        "reason": "answers completions",
    }


def test_of_a_replica_that_nobody_tells_of_only_the_dashes_are_shown() -> None:
    unknown = row(ready=False, state="STARTING", num_requests_running=None, reason="the engine starts")
    said = shown(unknown)
    assert (said.pop("replica"), said.pop("state"), said.pop("variant")) == ("a", "◐ starting", "demo")
    assert (said.pop("reason"), said.pop("restarts")) == ("the engine starts", "0")
    assert set(said.values()) == {"-"}


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "● ready"),
        ({"ready": False}, "✖ failed"),
        ({"state": "STARTING"}, "◐ starting"),
        ({"state": "STOPPING"}, "◌ draining"),
        ({"state": "?"}, "? unknown"),
    ],
)
def test_a_state_is_told_by_a_glyph_and_a_word(fields: dict[str, Any], text: str) -> None:
    assert REPLICAS.by_name["state"].cell(row(**fields), BEGIN_S) == text


def test_clocks_that_are_held_down_are_the_reason_that_is_shown() -> None:
    assert REPLICAS.by_name["reason"].cell(row(throttled="too hot"), BEGIN_S) == "clocks held down: too hot"


@pytest.mark.parametrize(
    ("name", "fields", "expected"),
    [
        ("wait", {"num_requests_waiting": 1}, Tone.WARN),
        ("wait", {"num_requests_waiting": 0}, Tone.PLAIN),
        ("kv", {"kv_cache_usage": 0.95}, Tone.WARN),
        ("kv", {"kv_cache_usage": 0.9}, Tone.PLAIN),
        ("temp", {"temperature_c": 85}, Tone.WARN),
        ("temp", {"temperature_c": 40, "throttled": "too hot"}, Tone.BAD),
        ("errors", {"errors_per_min": 0.5}, Tone.BAD),
        ("errors", {"errors_per_min": 0.0}, Tone.PLAIN),
        ("restarts", {"restarts": 1}, Tone.WARN),
        ("state", {"ready": False}, Tone.BAD),
        ("state", {}, Tone.GOOD),
    ],
)
def test_what_somebody_should_look_at_stands_out(name: str, fields: dict[str, Any], expected: Tone) -> None:
    assert tone(name, **fields) is expected


def test_names_from_outside_steer_no_terminal() -> None:
    evil = row("\x1b[2J", host="a\nb", reason="\x07", deployment="\x9b", revision="\r")
    assert all(text.isprintable() for text in shown(evil).values())


@given(st.integers(0, 400))
def test_what_is_shown_fits_and_keeps_its_order(width: int) -> None:
    columns = fitting(COLUMNS, width)
    assert [column for column in COLUMNS if column in columns] == list(columns)
    if len(columns) > 1:
        assert sum(widths(columns, width)) + len(columns) - 1 <= width


@given(st.integers(0, 400))
def test_a_wider_terminal_never_shows_less(width: int) -> None:
    assert set(fitting(COLUMNS, width)) <= set(fitting(COLUMNS, width + 1))


@pytest.mark.parametrize("width", [80, 100, 200, 300])
def test_the_columns_that_say_how_a_replica_is_are_always_there(width: int) -> None:
    assert set(NARROW) <= {column.name for column in fitting(COLUMNS, width)}


def test_a_wide_terminal_shows_all_and_the_reason_takes_what_is_left() -> None:
    columns = fitting(COLUMNS, 300)
    assert columns == COLUMNS
    assert sum(widths(columns, 300)) + len(columns) - 1 == 300
    assert dict(zip((each.name for each in columns), widths(columns, 300), strict=True))["reason"] > 20


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)
@pytest.mark.parametrize("reverse", [False, True])
def test_rows_can_be_sorted_by_any_column_whatever_they_know(column: Any, reverse: bool) -> None:
    rows = [FULL, row("x"), row("y", tpot_s=nan, state="STARTING", num_requests_running=None), row("z", ready=False)]
    found = selected(rows, lambda each: True, column.key, reverse)
    assert sorted(each.replica_id for each in found) == ["a1b2c3", "x", "y", "z"]


def test_titles_fit_their_columns() -> None:
    assert [column.name for column in COLUMNS if len(column.title) > column.width] == []


def test_of_replicas_that_are_alike_gateways_come_last() -> None:
    rows = [row("a", deployment=GATEWAY), row("b"), row("c", ready=False)]
    found = selected(rows, lambda _: True, REPLICAS.by_name["state"].key, reverse=False)
    assert [each.replica_id for each in found] == ["c", "b", "a"]
