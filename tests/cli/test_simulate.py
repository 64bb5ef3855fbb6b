"""`qorch simulate`, as a person runs it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from orchestrator.core.scaling.compare import POLICIES
from tests.cli.conftest import Qorch

STEP = ("simulate", "--shape", "step", "--hours", "2")


def recording(folder: Path) -> str:
    path = folder / "mine.csv"
    path.write_text("t_s,requests,prompt_tokens,generation_tokens\n0,600,60000,6000\n600,1200,120000,12000\n")
    return str(path)


def test_the_table_names_every_policy_and_the_best_in_words(qorch: Qorch) -> None:
    done = qorch("simulate", "--shape", "diurnal", "--hours", "6")
    assert done.code == 0
    named = [line.split()[0] for line in done.out.splitlines() if line.split() and line.split()[0] in POLICIES]
    assert named[: len(POLICIES)] == list(POLICIES)
    assert "is the cheapest that meets the goal" in done.out
    assert "best that meets the goal" in done.out
    assert "knows the future" in done.out
    assert "knew afterwards" in done.out
    assert "█" in done.out
    assert "ok replay" in done.err
    assert max(map(len, done.out.splitlines())) <= 120


def test_json_has_the_figures_of_each_policy(qorch: Qorch) -> None:
    done = qorch(*STEP, "--policy", "dynamo", "--policy", "clairvoyant", "-o", "json", "-q")
    found = json.loads(done.out)
    assert (done.code, done.err) == (0, "")
    assert [each["policy"] for each in found["policies"]] == ["dynamo", "clairvoyant"]
    assert found["policies"][1]["hours_to_clairvoyant"] == 1.0
    assert found["demand"]["mean_replicas"] == pytest.approx(12)
    assert found["goal"] == {"max_wait_s": 2.0, "attainment": 0.999}


def test_csv_has_a_line_for_each_policy(qorch: Qorch) -> None:
    done = qorch(*STEP, "--policy", "static", "-o", "csv", "-q")
    (line,) = csv.DictReader(io.StringIO(done.out))
    assert (line["policy"], line["peak_replicas"], line["changes"]) == ("static", "24", "0")


def test_yaml_and_names_are_as_everywhere(qorch: Qorch) -> None:
    assert "best: ray-serve" in qorch(*STEP, "--policy", "ray-serve", "--attainment", "0.9", "-o", "yaml").out
    assert qorch(*STEP, "--policy", "wva", "--policy", "static", "-o", "name").out == "wva\nstatic\n"


def test_a_replay_says_the_same_again(qorch: Qorch) -> None:
    line = ("simulate", "--shape", "bursts", "--hours", "2", "--seed", "7", "-o", "json", "-q")
    assert qorch(*line).out == qorch(*line).out != qorch(*line[:-4], "8", *line[-3:]).out


def test_a_trace_is_scaled_to_replicas_or_taken_at_a_capacity(qorch: Qorch, tmp_path: Path) -> None:
    """60,000 / 20 + 6,000 tokens in ten minutes are 15 a second, then 30."""
    trace = recording(tmp_path)
    line = ("simulate", trace, "--policy", "static", "-o", "json", "-q")
    scaled = json.loads(qorch(*line, "--mean-replicas", "6").out)
    given = json.loads(qorch(*line, "--capacity", "10").out)
    assert (scaled["demand"]["mean_replicas"], scaled["replica"]["capacity"]) == (6, 22.5 / 6)
    assert (given["demand"]["mean_replicas"], given["replica"]["capacity"]) == (2.25, 10)
    assert given["policies"][0]["peak_replicas"] == 3


def test_where_nothing_meets_the_goal_it_says_so(qorch: Qorch) -> None:
    done = qorch(*STEP, "--max-replicas", "6")
    assert done.code == 0
    assert "None of them meets the goal" in done.out
    assert "keeps 12 replicas busy on average, and 6 are allowed: no rule can keep up" in done.err


def test_a_replica_that_does_next_to_nothing_is_no_reason_to_ask_for_millions(qorch: Qorch) -> None:
    done = qorch(
        "simulate", "--shape", "ramp", "--hours", "0.1", "--capacity", "1e-9", "--policy", "qorch", "-o", "json"
    )
    assert json.loads(done.out)["max_replicas"] == 100_000
    assert "no rule can keep up" in done.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "expected a trace, or --shape"),
        (("--shape", "step", "--min-replicas", "9", "--max-replicas", "3"), "--min-replicas is 9, more than"),
        (("--shape", "step", "--mean-replicas", "3", "--capacity", "3"), "cannot be combined with --capacity"),
        (("--shape", "circle"), "circle"),
        (("--shape", "step", "--policy", "hope"), "hope"),
        (("--shape", "step", "--cold-start", "-1"), "--cold-start"),
        (("--shape", "step", "--attainment", "99.9"), "--attainment"),
        (("--shape", "step", "--max-wait", "nan"), "--max-wait"),
        (("nowhere.csv",), "nowhere.csv"),
    ],
)
def test_what_is_wrong_is_named(qorch: Qorch, arguments: tuple[str, ...], words: str) -> None:
    done = qorch("simulate", *arguments)
    assert (done.code, done.out) == (2, "")
    assert words in done.error


def test_a_trace_and_a_shape_are_one_too_many(qorch: Qorch, tmp_path: Path) -> None:
    assert qorch("simulate", recording(tmp_path), "--shape", "step").code == 2


def test_a_file_that_is_no_trace_names_what_it_may_be(qorch: Qorch, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    done = qorch("simulate", str(tmp_path / "other.csv"))
    assert (done.code, done.out) == (2, "")
    assert "line 1: expected the columns of a trace (TIMESTAMP,ContextTokens,GeneratedTokens; " in done.error
