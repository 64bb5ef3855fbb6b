"""What a fleet shall reach, as people type it: on the command line, in the environment and in `qorch.yaml`."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.adapters.in_memory import InMemoryRuntime
from orchestrator.core.scaling.budget import Budget
from orchestrator.core.scaling.goal import ScalingGoal
from orchestrator.core.scaling.schedule import parse_window
from tests.cli.conftest import Qorch

UP = ("up", "--profile", "demo-gguf", "--max-replicas", "3")
MORNING = "mon-fri 08:00-10:00 UTC min=2"


def goal(runtime: InMemoryRuntime) -> ScalingGoal:
    spec = runtime.deployed()
    assert spec is not None
    assert spec.scaling is not None
    return spec.scaling.goal


def test_up_and_scale_take_the_same_goals(qorch: Qorch, runtime: InMemoryRuntime) -> None:
    options = ("--target-ttft", "1500ms", "--target-tpot", "0.2s", "--attainment", "99%", "--schedule", MORNING)
    assert qorch(*UP, *options).code == 0
    assert goal(runtime) == ScalingGoal(ttft_s=1.5, tpot_s=0.2, attainment=0.99, schedule=(parse_window(MORNING),))
    assert qorch("scale", "--target-tok-s", "90", "--target-wait", "0.5").code == 0
    assert qorch("scale", "--target-ttft", "none", "--schedule", "none", "--attainment", "none").code == 0
    assert goal(runtime) == ScalingGoal(tok_s=90.0, wait_s=0.5, tpot_s=0.2)
    assert qorch("scale", "--budget", "team=8", "--target-tpot", "none", "--target-wait", "none").code == 0
    assert goal(runtime) == ScalingGoal(tok_s=90.0, budget=Budget("team", 8.0))


@pytest.mark.usefixtures("runtime")
def test_up_again_with_another_goal_says_how_to_change_it(qorch: Qorch) -> None:
    assert qorch(*UP, "--target-ttft", "2s").code == 0
    assert "nothing to change" in qorch(*UP, "--target-ttft", "2s").err
    assert "nothing to change" in qorch(*UP).err
    other = qorch(*UP, "--target-ttft", "3s", "--schedule", MORNING)
    assert "target-ttft: 2.0 runs, 3.0 is asked for" in other.error
    assert other.hint == f"qorch scale --target-ttft 3 --schedule '{MORNING}'"


def test_what_scale_has_set_already_changes_nothing(qorch: Qorch, runtime: InMemoryRuntime) -> None:
    qorch(*UP, "--target-ttft", "2s")
    before = list(runtime.calls)
    assert "nothing to change" in qorch("scale", "--target-ttft", "2s").err
    assert runtime.calls == before


def test_a_file_and_the_environment_set_goals(
    qorch: Qorch, runtime: InMemoryRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("qorch.yaml").write_text(f"up: {{target-tok-s: 90, attainment: 95%, schedule: [{MORNING}]}}\n")
    monkeypatch.setenv("QORCH_TARGET_WAIT", "250ms")
    assert qorch(*UP).code == 0
    assert goal(runtime) == ScalingGoal(90.0, 0.25, attainment=0.95, schedule=(parse_window(MORNING),))


def test_what_is_no_text_in_a_file_is_refused_as_well(qorch: Qorch) -> None:
    Path("qorch.yaml").write_text("up: {schedule: [5]}\n")
    assert "expected DAYS HH:MM-HH:MM" in qorch(*UP).error


def test_several_windows_in_the_environment_stand_beside_each_other(
    qorch: Qorch, runtime: InMemoryRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QORCH_SCHEDULE", f"{MORNING};daily 20:00-22:00 tok-s=9")
    assert qorch(*UP).code == 0
    assert len(goal(runtime).schedule) == 2


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("--target-tok-s", "nan", "expected a rate such as 900"),
        ("--target-tok-s", "-5", "expected a rate such as 900"),
        ("--target-ttft", "0", "expected a duration such as 1.5s"),
        ("--target-tpot", "5 parsecs", "expected a duration such as 1.5s"),
        ("--target-wait", "inf", "expected a duration such as 1.5s"),
        ("--attainment", "100%", "expected a share such as 99.9%"),
        ("--max-cost", "1e999", "expected a cost such as 3.60"),
        ("--schedule", "mon 08:00", "expected DAYS HH:MM-HH:MM"),
        ("--budget", "team", "e.g. team=8, got 'team'"),
        ("--budget", "team=0", "an amount above 0"),
        ("--budget", "../team=8", "expected a name"),
    ],
)
@pytest.mark.parametrize("verb", ["up", "scale"])
def test_nonsense_is_refused_with_an_example(qorch: Qorch, verb: str, option: str, value: str, expected: str) -> None:
    done = qorch(verb, option, value)
    assert done.code == 2
    assert option in done.error
    assert expected in done.error


def test_a_goal_is_for_a_number_that_follows_the_load(qorch: Qorch, runtime: InMemoryRuntime) -> None:
    done = qorch("up", "--profile", "demo-gguf", "--target-tok-s", "90")
    assert (done.code, done.hint) == (2, "qorch up --min-replicas 1 --max-replicas 3")
    assert "--target-tok-s 90" in done.error
    assert runtime.deployed() is None
    qorch("up", "--profile", "demo-gguf")
    assert "the number of replicas stays at 1" in qorch("scale", "--target-tok-s", "90").err


def test_a_goal_that_cannot_be_reached_starts_and_changes_nothing(qorch: Qorch, runtime: InMemoryRuntime) -> None:
    done = qorch(*UP, "--target-tok-s", "9e8")
    assert done.code == 2  # exponents are no figures that people type
    done = qorch(*UP, "--target-tok-s", "900000000")
    assert (done.code, runtime.deployed()) == (3, None)
    qorch(*UP)
    before = goal(runtime)
    assert qorch("scale", "--target-tok-s", "900000000").code == 3
    assert goal(runtime) == before


@pytest.mark.usefixtures("runtime")
def test_status_tells_the_goal(qorch: Qorch) -> None:
    qorch(*UP, "--target-tok-s", "90", "--target-ttft", "2s")
    assert "goal: 90 tok/s; 99.9% of requests with a first token within 2 s" in qorch("status").out


@pytest.mark.usefixtures("runtime")
def test_a_dry_run_checks_the_goal_too(qorch: Qorch) -> None:
    assert qorch(*UP, "--dry-run", "--target-tok-s", "900000000").code == 3
