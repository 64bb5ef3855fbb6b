"""The fleet in a few lines: in words first, colours second."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.live.reading import SourceState
from orchestrator.core.live.snapshot import Snapshot, Summary
from orchestrator.views.live.header import STALE_S, WIDE, header_lines
from orchestrator.views.live.span import Line, Tone, text_of
from tests.core.live.made import BEGIN_S

WELL = SourceState("gateway", BEGIN_S)
SNAPSHOT = Snapshot(
    BEGIN_S,
    "mine",
    "Ready",
    "demo",
    "demo-gguf",
    "http://127.0.0.1:8000/v1",
    summary=Summary(
        generation_tok_s=812.4, target_tok_s=900.0, ttft_p50_s=0.18, ttft_p99_s=0.9, ttft_goal_s=1.0, tpot_p50_s=0.02,
        tpot_p99_s=0.05, num_requests_running=12, num_requests_waiting=3, num_requests_held=2, requests_per_s=2.5,
        errors_per_min=0.0, ready_replicas=2, target_num_replicas=3, failed_replicas=1, gpus_used=2, gpus_total=4,
        cost_per_hour=3.6, cost_per_million=1.25,
    ),
    sources=(WELL,),
)  # fmt: skip


def texts(snapshot: Snapshot, after_s: float = 0.0, width: int = WIDE) -> list[str]:
    return [text_of(line) for line in header_lines(snapshot, BEGIN_S + after_s, width=width)]


def with_(**summary: float | None) -> Snapshot:
    return replace(SNAPSHOT, summary=replace(SNAPSHOT.summary, **summary))  # type: ignore[arg-type]


def tone(lines: tuple[Line, ...], words: str) -> Tone:
    return next(span.tone for line in lines for span in line if words in span.text)


def test_three_lines_say_how_the_fleet_is_what_it_serves_and_what_it_costs() -> None:
    assert texts(SNAPSHOT) == [
        "mine  ● Ready  2/3 ready, 1 failed  demo-gguf  http://127.0.0.1:8000/v1",
        "tok/s 812/900  TTFT p50/p99 180ms/900ms within 1.0s  TPOT p50/p99 20ms/50ms  req/s 2.5  errors/min 0",
        "running 12  waiting 5 (2 held)  GPUs 2/4  cost 3.60/h, 1.25/Mtok  gateway ok",
    ]


def test_on_a_narrow_screen_they_go_on_below_and_nothing_is_left_out() -> None:
    assert texts(SNAPSHOT, width=80) == [
        "mine  ● Ready  2/3 ready, 1 failed  demo-gguf  http://127.0.0.1:8000/v1",
        "tok/s 812/900  TTFT p50/p99 180ms/900ms within 1.0s  TPOT p50/p99 20ms/50ms",
        "req/s 2.5  errors/min 0",
        "running 12  waiting 5 (2 held)  GPUs 2/4  cost 3.60/h, 1.25/Mtok  gateway ok",
    ]


@given(st.integers(1, 200))
def test_however_wide_a_screen_is_the_same_is_told(width: int) -> None:
    assert " ".join(texts(SNAPSHOT, width=width)).split() == " ".join(texts(SNAPSHOT)).split()


def test_of_a_fleet_that_was_not_seen_yet_no_zeros_are_shown_as_if_they_were_known() -> None:
    assert texts(Snapshot(BEGIN_S, "mine")) == [
        "mine  ? not seen yet",
        "tok/s -  TTFT p50/p99 -/-  TPOT p50/p99 -/-  errors/min -",
        "",
    ]


@pytest.mark.parametrize(
    ("phase", "glyph", "expected"),
    [
        ("Ready", "●", Tone.GOOD),
        ("Idle", "●", Tone.GOOD),
        ("Starting", "◐", Tone.WARN),
        ("Degraded", "✖", Tone.BAD),
        ("Unavailable", "✖", Tone.BAD),
        ("Failed", "✖", Tone.BAD),
    ],
)
def test_a_phase_has_a_glyph_and_a_word(phase: str, glyph: str, expected: Tone) -> None:
    lines = header_lines(replace(SNAPSHOT, phase=phase), BEGIN_S)
    assert f"{glyph} {phase}" in text_of(lines[0])
    assert tone(lines, phase) is expected


@pytest.mark.parametrize(
    ("p99_s", "words", "expected"),
    [
        (0.9, "within 1.0s", Tone.GOOD),
        (1.0, "within 1.0s", Tone.GOOD),
        (1.1, "over 1.0s", Tone.BAD),
        (None, "180ms/- of 1.0s", Tone.PLAIN),
    ],
)
def test_a_goal_is_met_missed_or_not_known(p99_s: float | None, words: str, expected: Tone) -> None:
    lines = header_lines(with_(ttft_p99_s=p99_s), BEGIN_S)
    assert tone(lines, words) is expected


@pytest.mark.parametrize(
    ("tok_s", "waiting", "expected"),
    [(950.0, 5, Tone.GOOD), (812.0, 5, Tone.WARN), (812.0, 0, Tone.GOOD), (None, 5, Tone.WARN)],
)
def test_less_than_the_target_is_a_fault_only_while_somebody_waits(
    tok_s: float | None, waiting: int, expected: Tone
) -> None:
    lines = header_lines(with_(generation_tok_s=tok_s, num_requests_waiting=waiting, num_requests_held=0), BEGIN_S)
    assert tone(lines, "/900") is expected


def test_without_goals_and_prices_nothing_is_said_of_them() -> None:
    plain = with_(target_tok_s=None, ttft_goal_s=None, cost_per_hour=None, requests_per_s=None, num_requests_held=0)
    _, served, around = texts(plain)
    assert served == "tok/s 812  TTFT p50/p99 180ms/900ms  TPOT p50/p99 20ms/50ms  errors/min 0"
    assert around == "running 12  waiting 3  GPUs 2/4  gateway ok"


@pytest.mark.parametrize(
    ("source", "after_s", "words"),
    [
        (WELL, STALE_S, "gateway ok"),
        (WELL, STALE_S + 1, "gateway ✖ <10s old: silent"),
        (replace(WELL, error="does not answer"), 29, "gateway ✖ 20s old: does not answer"),
        (replace(WELL, error="does not answer"), 61, "gateway ✖ 1m old: does not answer"),
        (replace(WELL, at_s=None, error="does not answer"), 61, "gateway ✖ does not answer"),
        (replace(WELL, at_s=None), 61, "gateway ✖ not asked yet"),
        (replace(WELL, error="\x1b[2J"), 0, "gateway ✖ <10s old: \\x1b[2J"),
    ],
)
def test_a_source_is_well_or_told_with_its_age_and_why(source: SourceState, after_s: float, words: str) -> None:
    assert texts(replace(SNAPSHOT, sources=(source,)), after_s)[2].endswith(words)


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_whatever_names_hold_the_lines_are_printable(fleet: str, profile: str, phase: str) -> None:
    for text in texts(replace(SNAPSHOT, fleet=fleet, profile=profile, phase=phase)):
        assert text.isprintable()


@pytest.mark.parametrize(
    ("used", "total", "shown"), [(2, 4, "GPUs 2/4"), (2, 0, "GPUs 2"), (0, 4, "GPUs 0/4"), (0, 0, "")]
)
def test_gpus_are_counted_against_those_that_there_are_where_that_is_known(used: int, total: int, shown: str) -> None:
    told = texts(with_(gpus_used=used, gpus_total=total))[2]
    assert next((part for part in told.split("  ") if "GPUs" in part), "") == shown
