"""`qorch plan --diff`: what a plan of now would change of the fleet that runs."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from orchestrator.adapters.in_memory import InMemoryRuntime
from orchestrator.cli import compose
from orchestrator.core.plan_diff import without_fleet
from orchestrator.core.scaled import scaled
from tests.app.samples import demo_spec
from tests.cli.conftest import Qorch
from tests.core.machines import machine

DEMO = ("--profile", "demo-gguf")


@pytest.fixture(autouse=True)
def _fleet(qorch: Qorch, runtime: InMemoryRuntime) -> None:
    assert qorch("up", *DEMO).code == 0


def test_a_fleet_that_is_as_planned_is_exit_0(qorch: Qorch) -> None:
    done = qorch("plan", "--diff", *DEMO)
    assert (done.code, done.out, done.err) == (0, "the fleet 'default' runs as planned\n", "")
    assert json.loads(qorch("plan", "--diff", *DEMO, "-o", "json").out) == {
        "fleet": "default",
        "differs": False,
        "differences": [],
    }


def test_each_difference_is_a_row_and_exit_1(qorch: Qorch) -> None:
    done = qorch("plan", "--diff", *DEMO, "--context", "8192", "--concurrency", "2", "--replicas", "3")
    assert (done.code, done.err) == (1, "")
    rows = [line.split() for line in done.out.splitlines()[2:]]
    assert rows == [
        ["RUNS", "PLANNED"],
        ["context", "32,768", "8,192"],
        ["concurrency", "8", "2"],
        ["replicas", "1", "3"],
    ]


def test_another_profile_is_a_difference_in_data_and_by_name(qorch: Qorch) -> None:
    line = ("plan", "--diff", "--profile", "qwen3.5-4b-q8_0")
    done = qorch(*line, "-o", "json")
    first, *_ = json.loads(done.out)["differences"]
    assert (done.code, first) == (1, {"name": "profile", "running": "demo-gguf", "planned": "qwen3.5-4b-q8_0"})
    assert qorch(*line, "-o", "name").out.splitlines()[0] == "profile"


def test_what_scale_has_changed_is_a_difference(qorch: Qorch) -> None:
    assert qorch("scale", "2").code == 0
    assert qorch("plan", "--diff", *DEMO, "-o", "name").out == "replicas\n"


def test_the_memory_that_the_fleet_has_taken_is_no_difference(qorch: Qorch, monkeypatch: pytest.MonkeyPatch) -> None:
    tight = machine(memory_gib=3)
    monkeypatch.setattr(compose.sites, "inventory", lambda: tight)
    qorch("down")
    assert qorch("up", *DEMO).code == 0
    left = replace(tight.host, memory_available_bytes=tight.host.memory_available_bytes - 3 * 2**29)
    monkeypatch.setattr(compose.sites, "inventory", lambda: replace(tight, host=left))
    assert qorch("plan", "--diff", *DEMO).code == 0


def test_a_fleet_never_gives_back_more_than_the_host_has() -> None:
    spec = scaled(demo_spec(), 500)
    assert without_fleet(machine(memory_gib=8), spec).host.memory_available_bytes == 8 * 2**30


def test_where_nothing_runs_it_says_so(qorch: Qorch) -> None:
    qorch("down")
    done = qorch("plan", "--diff")
    assert (done.code, done.out) == (4, "")
    assert done.error == "no fleet 'default' runs on this host, so all of a plan would be new"
    assert done.hint == "qorch up"


@pytest.mark.parametrize("other", [("--hardware", "l4:1"), ("--explain", "demo-gguf")])
def test_it_is_about_this_machine_alone(qorch: Qorch, other: tuple[str, str]) -> None:
    done = qorch("plan", "--diff", *other)
    assert (done.code, done.error.startswith(f"{other[0]} cannot be combined with --diff")) == (2, True)
