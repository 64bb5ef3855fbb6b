"""Traces that are well, and those that are not: file and line are named."""

from __future__ import annotations

import gzip
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.adapters.traces import KINDS, read_trace
from orchestrator.core.errors import UsageError
from orchestrator.core.scaling.demand import Demand

AZURE = "TIMESTAMP,ContextTokens,GeneratedTokens"
RECORDING = "t_s,requests,prompt_tokens,generation_tokens"
SERVEGEN = "pool,client,t_s,rate_rps,cv,dist,p1,p2"
LENGTHS = "pool,client,window_s,in_mean,in_p50,in_p95,in_p99,out_mean,out_p50,out_p95,out_p99"


def trace(folder: Path, *lines: str, name: str = "trace.csv") -> Path:
    path = folder / name
    path.write_text("\n".join(lines))
    return path


def servegen(folder: Path, rates: list[str], lengths: list[str]) -> Path:
    trace(folder, LENGTHS, *lengths, name="token-stats-x.csv")
    return trace(folder, SERVEGEN, *rates, name="rates-x.csv")


def read(path: Path, seed: int = 0) -> Demand:
    return read_trace(path, 20.0, seed)


def refusal(path: Path) -> UsageError:
    with pytest.raises(UsageError) as refused:
        read(path)
    assert str(path.parent) in refused.value.message
    assert refused.value.hint
    return refused.value


def test_azure_requests_are_summed_up_by_the_second(tmp_path: Path) -> None:
    found = read(
        trace(
            tmp_path,
            AZURE + "\r",
            "2023-11-16 18:15:46.6805900,374,44\r",
            "2023-11-16 18:15:47.6,100,5\r",
            "2023-11-16 18:15:49.0,0,7",
        )
    )
    assert list(found.requests) == [2.0, 0.0, 1.0]
    assert list(found.work) == pytest.approx([374 / 20 + 44 + 100 / 20 + 5, 0.0, 7.0])


def test_azure_times_with_a_zone_are_the_same_times(tmp_path: Path) -> None:
    lines = ("2024-05-10 00:00:00+00:00,10,1", "2024-05-10 02:00:01+02:00,10,1")
    assert list(read(trace(tmp_path, AZURE, *lines)).requests) == [1.0, 1.0]


def test_a_recording_is_spread_over_its_intervals_and_its_last_one_is_as_long(tmp_path: Path) -> None:
    found = read(trace(tmp_path, RECORDING, "100,4,400,40", "102,0,0,0", "104,2,200,20"))
    assert list(found.requests) == [2.0, 2.0, 0.0, 0.0, 1.0, 1.0]
    assert found.total_work == pytest.approx(600 / 20 + 60)


def test_a_recording_of_one_line_is_a_second(tmp_path: Path) -> None:
    assert list(read(trace(tmp_path, RECORDING, "0,4,400,40")).requests) == [4.0]


def test_a_compressed_trace_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "trace.csv.gz"
    path.write_bytes(gzip.compress(f"{RECORDING}\n0,4,400,40\n".encode()))
    assert list(read(path).requests) == [4.0]


def test_servegen_is_drawn_with_its_rates_and_lengths(tmp_path: Path) -> None:
    rates = [
        f"p,{client},{t_s},{rate},1.0,Gamma,1,1" for client, rate in (("a", 30), ("b", 10)) for t_s in (0, 600, 1200)
    ]
    lengths = ["p,a,0,200,0,0,0,10,0,0,0", "p,a,600,400,0,0,0,20,0,0,0", "p,a,1200,nan,0,0,0,nan,0,0,0"]
    path = servegen(tmp_path, rates, lengths)
    found = read(path)
    assert found.duration_s == 1800
    assert sum(found.requests) / 1800 == pytest.approx(40, rel=0.02)
    first, second = sum(found.work[:600]) / 600, sum(found.work[600:1200]) / 600
    median_work = 300 / 20 + 15  # of b, which has none of its own
    assert first == pytest.approx(30 * 20 + 10 * median_work, rel=0.05)
    assert second == pytest.approx(30 * 40 + 10 * median_work, rel=0.05)
    assert list(found.work) == list(read(path).work)
    assert list(found.work) != list(read(path, seed=1).work)


def test_servegen_varies_as_its_clients_do_and_goes_from_window_to_window_in_lines(tmp_path: Path) -> None:
    calm, wild = (
        read(servegen(tmp_path, [f"p,a,{t_s},{rate},{cv},Gamma,1,1" for t_s, rate in ((0, 100), (600, 200))], []))
        for cv in (1, 5)
    )
    for found, cv in ((calm, 1), (wild, 5)):
        counts = found.requests[:300]  # before the first window's middle
        mean = sum(counts) / 300
        variance = sum((each - mean) ** 2 for each in counts) / 300
        assert variance / mean == pytest.approx(cv**2, rel=0.35)
    assert sum(calm.requests[580:620]) / 40 == pytest.approx(150, rel=0.03)


@pytest.mark.parametrize(
    ("lines", "line", "words"),
    [
        ((AZURE, "2023-11-16 18:15:46,1,2", "2023-11-16 18:15:47,1"), 3, "expected 3 fields"),
        ((AZURE, "yesterday,1,2"), 2, "expected a time"),
        ((AZURE, "2023-11-16 18:15:46,nan,2"), 2, "as ContextTokens, got 'nan'"),
        ((AZURE, "2023-11-16 18:15:46,1,-2"), 2, "as GeneratedTokens, got '-2'"),
        ((AZURE, "2023-11-16 18:15:46,1,2", "2023-11-16 18:15:45,1,2"), 3, "sort the file"),
        ((AZURE, "2023-11-16 18:15:46,1,2", "2024-11-16 18:15:45,1,2"), 3, "at most 62 can be replayed"),
        ((RECORDING, "0,1,1,1", "1,inf,1,1"), 3, "as requests, got 'inf'"),
        ((RECORDING, "0,1,1,1", "", "2,1,1,1"), 3, "expected 4 fields"),
        ((RECORDING, "0,1,1,1" + "1" * 5000), 2, "longer than 4,096 characters"),
        ((RECORDING, '0,1,1,"1', "1,1,1,1"), 2, "expected 4 fields|a number"),
        (("a,b,c", "1,2,3"), 1, "expected the columns of a trace"),
        (("",), 1, "expected the columns of a trace"),
    ],
)
def test_what_is_wrong_is_named_by_file_and_line(tmp_path: Path, lines: tuple[str, ...], line: int, words: str) -> None:
    path = trace(tmp_path, *lines)
    message = refusal(path).message
    assert message.startswith(f"{path}, line {line}: ")
    assert any(word in message for word in words.split("|"))


def test_a_trace_without_work_says_so(tmp_path: Path) -> None:
    assert "no request in it brings any work" in refusal(trace(tmp_path, AZURE)).message


def test_a_truncated_compressed_file_says_so(tmp_path: Path) -> None:
    path = tmp_path / "trace.csv.gz"
    text = "\n".join([RECORDING, *(f"{n},{n % 7},{n * 31 % 977},{n * 17 % 97}" for n in range(5000))])
    path.write_bytes(gzip.compress(text.encode())[:-2000])
    found = refusal(path)
    assert "truncated?" in found.message
    assert str(found.hint).startswith("zcat")


@pytest.mark.parametrize(
    ("rates", "words"),
    [
        (["p,a,0,1,1,Gamma,1,1", "p,a,0,1,1,Gamma,1,1"], "another line of client a for 0 s"),
        (["p,a,600,1,1,Gamma,1,1", "p,a,0,1,1,Gamma,1,1"], "sort the file"),
        (["p,a,9e9,1,1,Gamma,1,1", "p,b,0,1,1,Gamma,1,1"], "at most 62 can be replayed"),
        (["p,a,0,1,1,Gamma,1,1", "p,b,9e9,1,1,Gamma,1,1"], "at most 62 can be replayed"),
        (["p,a,0,1,nan,Gamma,1,1"], "as cv, got 'nan'"),
    ],
)
def test_wrong_windows_of_servegen_are_named(tmp_path: Path, rates: list[str], words: str) -> None:
    assert words in refusal(servegen(tmp_path, rates, [])).message


def test_servegen_without_its_lengths_names_the_file_that_is_missing(tmp_path: Path) -> None:
    assert (
        "token-stats-x.csv beside it"
        in refusal(trace(tmp_path, SERVEGEN, "p,a,0,1,1,,0,0", name="rates-x.csv")).message
    )
    assert "beside it" in refusal(trace(tmp_path, SERVEGEN, "p,a,0,1,1,,0,0", name="other.csv")).message


@given(st.sampled_from([",".join(each) for each in KINDS]), st.binary(max_size=300))
def test_whatever_a_file_holds_is_a_demand_or_a_refusal(
    tmp_path_factory: pytest.TempPathFactory, first: str, rest: bytes
) -> None:
    path = tmp_path_factory.mktemp("trace") / "rates.csv"
    path.write_bytes(first.encode() + b"\n" + rest)
    with suppress(UsageError):
        assert read(path).total_work > 0
