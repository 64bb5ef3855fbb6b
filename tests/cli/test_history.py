"""`qorch history`, `qorch status --decisions` and `qorch simulate` of a fleet that has recorded something."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from orchestrator.adapters.history_writer import HistoryWriter
from orchestrator.adapters.scaling_file import write_state
from orchestrator.core.fleet import Decided
from orchestrator.core.scaling.looks import Look
from orchestrator.core.scaling.pool_state import PoolState
from tests.cli.conftest import Qorch
from tests.core.scaling.seen_pools import BEGIN_S, POLICY, PRIOR, PoolRun

MINUTES = 90


@pytest.fixture
def fleet(home: Path) -> Path:
    """The folder of a fleet `mine` that was under load for an hour and a half."""
    folder = home / "state" / "mine"
    run, writer = PoolRun(most=9), HistoryWriter(folder / "history.db")
    for minute in range(MINUTES):
        memory, watched, decided = run.memory, [], []
        for _ in range(60):
            asked = {"demo": run.asked}
            run.step(5.0 + minute % 10)
            assert run.last is not None
            assert run.memory is not None
            assert run.decision is not None
            watched.append((Look(run.last, run.goal, POLICY, PRIOR, run.decision), run.memory))
            if run.decision.replicas != asked:
                decided.append(Decided(run.now_s, run.decision, asked))
        writer.add(memory, watched, decided)
    writer.close()
    assert run.memory is not None
    assert run.decision is not None
    write_state(folder / "scaling.json", PoolState(run.goal, POLICY, PRIOR, run.decision, run.memory))
    return folder


def test_the_load_is_told_by_minute_the_latest_last(qorch: Qorch, fleet: Path) -> None:
    done = qorch("history", "--fleet", "mine")
    head, *rows = done.out.splitlines()
    assert (done.code, done.err) == (0, "")
    assert head.split()[:2] == ["FROM", "REQUESTS"]
    assert head.split()[-5:] == ["BUSY", "WAITING", "HELD", "READY", "ASKED"]
    assert len(rows) == 60
    assert rows[0] < rows[-1]
    assert max(map(len, rows)) <= 110


def test_json_has_all_of_it_or_as_much_as_was_asked_for(qorch: Qorch, fleet: Path) -> None:
    found = json.loads(qorch("history", "--fleet", "mine", "-o", "json").out)
    assert len(found) == MINUTES + 1
    assert found[10]["watched_s"] == 60
    assert found[10]["generation_tokens"] == pytest.approx(found[10]["requests"] * 100)
    assert found[-3:] == json.loads(qorch("history", "--fleet", "mine", "-n", "3", "-o", "json").out)
    assert len(qorch("history", "--fleet", "mine", "-n", "3", "-o", "name").out.split()) == 3
    assert json.loads(qorch("history", "--fleet", "mine", "--since", "2h", "-o", "json").out) == []


def test_a_recording_is_what_simulate_reads(qorch: Qorch, fleet: Path, tmp_path: Path) -> None:
    done = qorch("history", "--fleet", "mine", "-o", "csv")
    assert done.out.splitlines()[0] == "t_s,requests,prompt_tokens,generation_tokens"
    assert len(done.out.splitlines()) == MINUTES + 2
    (tmp_path / "mine.csv").write_text(done.out)
    line = ("--policy", "static", "-o", "json", "-q", "--capacity", "400", "--cold-start", "4")
    of_file = json.loads(qorch("simulate", str(tmp_path / "mine.csv"), *line).out)
    of_fleet = json.loads(qorch("simulate", "--fleet", "mine", *line).out)
    assert of_fleet == of_file


def test_a_simulation_of_a_fleet_is_of_replicas_as_it_has_learned_them(qorch: Qorch, fleet: Path) -> None:
    done = qorch("simulate", "--fleet", "mine", "--policy", "static", "-o", "json")
    found = json.loads(done.out)
    assert found["variants"][0]["capacity"] == pytest.approx(400, rel=0.01)
    assert found["variants"][0]["cold_start_s"] == pytest.approx(4, abs=1)
    assert found["demand"]["mean_replicas"] == pytest.approx(9.5 / 4, rel=0.05)
    assert "requests in 91 minutes" in done.err
    assert "tok/s, ready after" in done.err
    (fleet / "scaling.json").unlink()
    unknown = json.loads(qorch("simulate", "--fleet", "mine", "--policy", "static", "-o", "json").out)
    assert (unknown["demand"]["mean_replicas"], unknown["variants"][0]["cold_start_s"]) == (pytest.approx(12), 120)


def test_minutes_that_nobody_watched_are_none_of_load(qorch: Qorch, fleet: Path) -> None:
    with sqlite3.connect(fleet / "history.db") as database:
        database.execute("DELETE FROM minutes WHERE begin_s > ? AND begin_s < ?", (BEGIN_S, BEGIN_S + 600))
    (row,) = [
        line for line in qorch("history", "--fleet", "mine", "-o", "csv").out.splitlines() if line.endswith(",0,0,0")
    ][:1]
    assert float(row.partition(",")[0]) % 60 == 0
    assert "requests in 91 minutes" in qorch("simulate", "--fleet", "mine", "--policy", "static").err


def test_a_single_minute_is_a_minute(qorch: Qorch, fleet: Path) -> None:
    with sqlite3.connect(fleet / "history.db") as database:
        database.execute("DELETE FROM minutes WHERE begin_s != 1000020")
    found = json.loads(qorch("simulate", "--fleet", "mine", "--policy", "static", "-o", "json").out)
    assert found["demand"]["duration_s"] == 60


def test_every_decision_comes_out_again(qorch: Qorch, fleet: Path) -> None:
    done = qorch("history", "--fleet", "mine", "--verify")
    assert done.code == 0
    assert done.out.startswith("5,400 looks from ")
    assert "every decision comes out again as it was made, bit for bit" in done.out
    found = json.loads(qorch("history", "--fleet", "mine", "--verify", "-o", "json", "-q").out)
    assert (found["looks"], found["end_s"], found["difference"]) == (5400, BEGIN_S + 5400, None)


def test_one_that_comes_out_otherwise_is_exit_1_and_named(
    qorch: Qorch, fleet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.core.scaling.times.LEAST_DRAIN_S", 31.0)
    done = qorch("history", "--fleet", "mine", "--verify")
    assert done.code == 1
    assert "is decided otherwise now" in done.out
    assert "drain, as recorded: " in done.out
    assert "drain, again: " in done.out
    assert qorch("history", "--fleet", "mine", "--verify", "-o", "name", "-q").out == "drain\n"


def test_decisions_are_bounded_the_latest_last(qorch: Qorch, fleet: Path) -> None:
    every = json.loads(qorch("status", "--fleet", "mine", "--decisions", "-n", "1000", "-o", "json").out)
    assert len(every) > 20
    assert all(each["before"] != each["decision"]["replicas"] for each in every)
    assert json.loads(qorch("status", "--fleet", "mine", "--decisions", "-o", "json").out) == every[-20:]
    done = qorch("status", "--fleet", "mine", "--decisions", "-n", "2")
    before, after = every[-1]["before"]["demo"], every[-1]["decision"]["replicas"]["demo"]
    assert f"demo {before} to {after}" in done.out
    assert "no decision" in qorch("status", "--fleet", "mine", "--decisions", "--since", "1h").out


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("history --fleet other", 4, "there is no fleet 'other' on this host"),
        ("history --verify --fleet other", 4, "there is no fleet 'other' on this host"),
        ("status --decisions --fleet other", 4, "there is no fleet 'other' on this host"),
        ("simulate --fleet other", 2, "expected a trace, or --shape: there is no fleet 'other' on this host"),
        ("history --fleet mine --since 2", 2, "expected a duration such as 90s, 15m, 2h or 3d, got '2'"),
        ("history --fleet mine --since -2h", 2, "expected a duration"),
        ("history --fleet mine -n -1", 2, "-1 is not in the range"),
        ("history --fleet mine --verify -o csv", 2, "writes no recording"),
        ("history --fleet mine --verify -n 3", 2, "--verify takes all that was recorded"),
        ("status --fleet mine --since 2h", 2, "--since and --tail are for --decisions"),
    ],
)
def test_what_is_wrong_is_named(qorch: Qorch, fleet: Path, line: str, code: int, words: str) -> None:
    done = qorch(*line.split())
    assert (done.code, done.out) == (code, "")
    assert words in done.error
    assert done.hint


@pytest.mark.parametrize("line", ["history", "history --verify", "status --decisions", "history -o csv"])
def test_of_a_damaged_history_nothing_is_told_but_that(qorch: Qorch, fleet: Path, line: str) -> None:
    (fleet / "history.db").write_bytes(b"nonsense" * 1000)
    done = qorch(*line.split(), "--fleet", "mine")
    assert (done.code, done.out) == (4, "")
    assert "history.db cannot be read: file is not a database" in done.error
    assert done.hint.endswith("history.db.damaged")


def test_a_fleet_that_recorded_nothing_says_so(qorch: Qorch, home: Path) -> None:
    (home / "state" / "default").mkdir(parents=True)
    assert qorch("history").out == "no load was recorded\n"
    assert qorch("history", "--verify").out == "no look was recorded\n"
    assert qorch("history", "-o", "csv").out == "t_s,requests,prompt_tokens,generation_tokens\n"
    assert "no decision" in qorch("status", "--decisions").out
    assert "has recorded no request" in qorch("simulate").error
    assert [each.name for each in (home / "state" / "default").iterdir()] == []
