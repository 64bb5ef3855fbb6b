"""`qorch simulate`, as a person runs it."""

from __future__ import annotations

import csv
import io
import json
import re
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
    assert found["policies"][1]["to_clairvoyant"] == 1.0
    assert found["demand"]["mean_replicas"] == pytest.approx(12)
    assert found["goal"] == {"max_wait_s": 2.0, "attainment": 0.999, "budget": None}


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
    assert (scaled["demand"]["mean_replicas"], scaled["variants"][0]["capacity"]) == (6, 22.5 / 6)
    assert (given["demand"]["mean_replicas"], given["variants"][0]["capacity"]) == (2.25, 10)
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
    assert json.loads(done.out)["variants"][0]["max_replicas"] == 100_000
    assert "no rule can keep up" in done.err


TUNE = ("simulate", "--shape", "ramp", "--hours", "3", "--cold-start", "20", "--tune")
LOOSE = (*TUNE, "--min-replicas", "40")


def test_tune_proposes_settings_and_shows_what_they_would_have_saved(qorch: Qorch) -> None:
    done = qorch(*LOOSE)
    assert done.code == 0
    assert "chosen by the first 2 hours, in 2 parts" in done.out
    assert re.search(r"On what was held out the proposal saves \d+\.\d% of the hours and attains \d", done.out)
    flags = re.search(r"qorch up (--.*)", done.out)
    assert flags is not None
    assert re.search(r"--min-replicas \d+ --max-replicas 240", flags[1])
    assert "# in qorch.yaml" in done.out
    assert "tried; the best attains" in done.err


def test_tune_as_data_says_what_to_set_and_what_it_saves(qorch: Qorch) -> None:
    found = json.loads(qorch(*LOOSE, "-o", "json", "-q").out)
    assert found["proposed"]["min-replicas"] < 40
    before, after = found["present"]["held_out"]["cost"], found["best"]["held_out"]["cost"]
    assert found["saved"] == pytest.approx(1 - after / before)
    lines = list(csv.DictReader(io.StringIO(qorch(*LOOSE, "-o", "csv", "-q").out)))
    assert [(each["on"], each["settings"]) for each in lines[:2]] == [("held out", "present"), ("held out", "proposed")]
    assert [float(each["cost"]) for each in lines[:2]] == pytest.approx([before, after])
    assert qorch(*LOOSE, "-o", "name", "-q").out == "proposed\n"


def test_where_nothing_is_better_tune_says_to_keep_the_settings(qorch: Qorch) -> None:
    line = ("simulate", "--shape", "step", "--hours", "1", "--tune")
    done, found = qorch(*line), json.loads(qorch(*line, "-o", "json", "-q").out)
    assert "eep the" in done.out
    assert "qorch up" not in done.out
    assert (found["proposed"], found["saved"]) == (None, 0.0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "expected a trace, or --shape"),
        (("--shape", "step", "--min-replicas", "9", "--max-replicas", "3"), "--min-replicas is 9, more than"),
        (("--shape", "step", "--mean-replicas", "3", "--capacity", "3"), "cannot be combined with --capacity"),
        (("--shape", "step", "--variant", "a=3", "--capacity", "3"), "--variant cannot be combined with --capacity"),
        (("--shape", "step", "--variant", "a"), "expected a number above 0"),
        (("--shape", "step", "--variant", "a=0"), "the capacity: expected a number above 0"),
        (("--shape", "step", "--variant", "a=nan"), "the capacity"),
        (("--shape", "step", "--variant", "a b=1"), "expected NAME=CAPACITY"),
        (("--shape", "step", "--variant", "a=1", "--variant", "a=2"), "one variant named a"),
        (("--shape", "step", "--variant", "a=1,price=2"), "expected each of cost, cold-start, min, max once"),
        (("--shape", "step", "--variant", "a=1,max=2,max=3"), "once at most"),
        (("--shape", "step", "--variant", "a=1,min=1.5"), "a whole number of replicas, got 1.5"),
        (("--shape", "step", "--variant", "a=1,cost=-1"), "cost: expected a number from 0"),
        (("--shape", "step", "--variant", "a=1,min=3,max=2"), "--min-replicas of a is 3, more than"),
        (
            ("--shape", "step", "--variant", "a=1,min=3,cost=2", "--max-cost", "5"),
            "cost 6 an hour, more than",
        ),
        (("--shape", "step", "--tune", "--policy", "qorch"), "--policy cannot be combined with --tune"),
        (("--shape", "step", "--tune", "--hours", "0.1"), "6 minutes of demand are too short to tune by: 15 minutes"),
        (("--shape", "circle"), "circle"),
        (("--shape", "step", "--policy", "hope"), "hope"),
        (("--shape", "step", "--cold-start", "-1"), "--cold-start"),
        (("--shape", "step", "--attainment", "99.9"), "--attainment"),
        (("--shape", "step", "--target-wait", "nan"), "--target-wait"),
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


MIXED = ("--variant", "bf16=3000,cost=4", "--variant", "gptq=1500,cost=0.8,cold-start=90,max=8")


def test_a_mixed_pool_shows_what_each_kind_of_replica_did(qorch: Qorch) -> None:
    done = qorch(*STEP, *MIXED)
    assert done.code == 0
    assert "is the cheapest that meets the goal" in done.out or "None of them meets the goal" in done.out
    named = {line.split()[0]: line.split() for line in done.out.splitlines() if line.split()}
    assert named["bf16"][1:6] == ["1x", "4", "120", "s", "1..240"]
    assert named["gptq"][1:6] == ["0.5x", "0.8", "90", "s", "0..8"]
    assert "COST" in named["POLICY"]
    assert "replicas of qorch, gptq; " in done.out
    assert "demand, in replicas of bf16; " in done.out


def test_rules_that_scale_one_kind_are_left_out_of_a_mixed_pool_and_said_to_be(qorch: Qorch) -> None:
    done = qorch(*STEP, *MIXED, "-o", "name")
    assert done.out.split() == ["qorch", "wva", "static", "clairvoyant"]
    assert "left out, since they scale one kind of replica: ray-serve, ray-serve-tuned, kpa, apa, keda" in done.err
    found = json.loads(qorch(*STEP, *MIXED, "--policy", "dynamo", "-o", "json", "-q").out)["policies"][0]
    assert found["variants"]["bf16"]["replica_hours"] == pytest.approx(2, rel=0.01)  # one all the time
    assert found["variants"]["gptq"]["peak_replicas"] == 8


def test_a_mixed_pool_as_data_has_hours_and_cost_of_each_variant(qorch: Qorch) -> None:
    line = (*STEP, *MIXED, "--policy", "static", "-q")
    found = json.loads(qorch(*line, "-o", "json").out)
    (policy,) = found["policies"]
    hours = {name: use["replica_hours"] for name, use in policy["variants"].items()}
    assert policy["replica_hours"] == pytest.approx(sum(hours.values()))
    assert policy["cost"] == pytest.approx(4 * hours["bf16"] + 0.8 * hours["gptq"])
    assert [each["cold_start_s"] for each in found["variants"]] == [120, 90]
    (row,) = csv.DictReader(io.StringIO(qorch(*line, "-o", "csv").out))
    assert float(row["replica_hours.gptq"]) == pytest.approx(hours["gptq"])


def test_capacities_are_tokens_of_a_trace_and_relative_where_a_mean_is_said(qorch: Qorch, tmp_path: Path) -> None:
    line = (
        "simulate",
        recording(tmp_path),
        "--variant",
        "a=10",
        "--variant",
        "b=5",
        "--policy",
        "static",
        "-o",
        "json",
    )
    given = json.loads(qorch(*line).out)
    scaled = json.loads(qorch(*line, "--mean-replicas", "6").out)
    assert [each["capacity"] for each in given["variants"]] == [10, 5]
    assert (given["demand"]["mean_replicas"], scaled["demand"]["mean_replicas"]) == (2.25, 6)
    assert [each["capacity"] for each in scaled["variants"]] == [22.5 / 6, 22.5 / 12]


def test_no_rule_spends_more_than_the_budget(qorch: Qorch) -> None:
    line = (*STEP, "--max-cost", "13", "--policy", "qorch", "--policy", "ray-serve", "-o", "json")
    done = qorch(*line)
    assert [each["peak_replicas"] for each in json.loads(done.out)["policies"]] == [13, 13]
    mixed = json.loads(qorch(*STEP, *MIXED, "--max-cost", "30", "-o", "json").out)
    for each in (each for each in mixed["policies"] if each["policy"] != "wva"):
        most = {name: use["peak_replicas"] for name, use in each["variants"].items()}
        assert most["gptq"] == 8
        assert most["bf16"] <= (30 - 8 * 0.8) // 4
