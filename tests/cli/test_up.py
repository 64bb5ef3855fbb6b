"""`up`, `scale` and `down` as a person meets them, over a fleet in memory."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn

import click
import pytest

from orchestrator.adapters.in_memory import InMemoryRuntime
from orchestrator.cli import compose
from orchestrator.cli.order import is_loopback
from orchestrator.core.errors import DeployFailed
from orchestrator.core.replica_bounds import ReplicaBounds
from tests.cli.conftest import Qorch
from tests.core.machines import A100_80, A6000, ENGINES, machine

UP = ("up", "--profile", "demo-gguf", "--port", "18080")
ENDPOINT = "http://127.0.0.1:18080/v1"


def test_the_endpoint_is_the_data_and_everything_else_a_message(qorch: Qorch, runtime: InMemoryRuntime) -> None:
    done = qorch(*UP)
    assert (done.code, done.out) == (0, f"{ENDPOINT}\n")
    order = [
        "demo-gguf",
        "  ok weights",
        "  ok start",
        "  ok ready",
        f"try:   curl {ENDPOINT}/chat",
        "next:  qorch status",
    ]
    places = [done.err.index(each) for each in order]
    assert places == sorted(places)


def test_quiet_leaves_the_endpoint_alone(qorch: Qorch, runtime: InMemoryRuntime) -> None:
    done = qorch(*UP, "-q")
    assert (done.code, done.out, done.err) == (0, f"{ENDPOINT}\n", "")


def test_again_says_that_nothing_is_to_change_and_shows_the_endpoint(qorch: Qorch, runtime: InMemoryRuntime) -> None:
    qorch(*UP)
    done = qorch(*UP)
    assert (done.code, done.out) == (0, f"{ENDPOINT}\n")
    assert "the fleet 'default' runs already, as asked for: nothing to change" in done.err
    assert runtime.calls.count("prepare") == 1


def test_another_wish_is_exit_4_with_what_differs(qorch: Qorch, runtime: InMemoryRuntime) -> None:
    qorch(*UP)
    done = qorch(*UP, "--context", "2048")
    assert (done.code, done.out) == (4, "")
    assert done.error.endswith("differs: context: None runs, 2048 is asked for")
    assert done.hint.startswith("qorch down first")


def test_a_dry_run_shows_the_plan_and_starts_nothing(qorch: Qorch, runtime: InMemoryRuntime) -> None:
    done = qorch(*UP, "--dry-run")
    assert (done.code, done.err) == (0, "")
    assert "demo-gguf" in done.out
    assert runtime.calls == []


def test_what_is_not_ready_in_time_is_exit_6_and_goes_on(
    qorch: Qorch, runtime: InMemoryRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime._steps_to_run = 10**9
    done = qorch(*UP, "--timeout", "1")
    assert (done.code, done.out) == (6, "")
    assert done.error == "the fleet was not ready within 1 s; it goes on starting"
    assert done.hint == "qorch status --watch"
    assert runtime.deployed() is not None


def test_without_waiting_the_next_command_is_to_watch(qorch: Qorch, runtime: InMemoryRuntime) -> None:
    runtime._steps_to_run = 10**9
    done = qorch(*UP, "--no-wait")
    assert (done.code, done.out) == (0, f"{ENDPOINT}\n")
    assert "try:" not in done.err
    assert "next:  qorch status --watch" in done.err


def test_an_engine_that_does_not_start_is_exit_5_with_its_last_words(qorch: Qorch, runtime: InMemoryRuntime) -> None:
    runtime.fails_with = DeployFailed("the engine ended", hint="qorch doctor", log_lines=("unknown architecture",))
    done = qorch(*UP)
    assert (done.code, done.out) == (5, "")
    assert "  | unknown architecture\nerror: the engine ended\nhint: qorch doctor\n" in done.err
    assert runtime.deployed() is None


def test_where_there_are_keys_the_curl_line_carries_one(qorch: Qorch, runtime: InMemoryRuntime) -> None:
    qorch("keys", "create")
    assert '-H "Authorization: Bearer $QORCH_API_KEY"' in qorch(*UP).err


def test_any_address_is_open_with_a_key(qorch: Qorch, runtime: InMemoryRuntime) -> None:
    qorch("keys", "create")
    assert qorch(*UP, "--host", "0.0.0.0").code == 0
    spec = runtime.deployed()
    assert spec is not None
    assert (spec.gateway.host, spec.gateway.keys_required) == ("0.0.0.0", True)


class TestOnATerminal:
    @pytest.fixture
    def questions(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """What was asked; the answer is `self.answer`."""
        asked: list[str] = []

        def confirm(question: str, **_: object) -> bool:
            asked.append(question)
            return self.answer

        terminal = SimpleNamespace(isatty=lambda: True)
        monkeypatch.setattr("orchestrator.cli.order.sys", SimpleNamespace(stdin=terminal, stderr=terminal))
        monkeypatch.setattr(click, "confirm", confirm)
        return asked

    answer = True

    def test_it_asks_what_it_is_about_to_do(self, qorch: Qorch, runtime: InMemoryRuntime, questions: list[str]) -> None:
        assert qorch(*UP, "--replicas", "2").code == 0
        assert questions == ["Deploy demo-gguf, 2 replicas?"]

    def test_no_means_no(self, qorch: Qorch, runtime: InMemoryRuntime, questions: list[str]) -> None:
        self.answer = False
        done = qorch(*UP)
        assert (done.code, done.out) == (1, "")
        assert "you said no: nothing was deployed" in done.err
        assert "prepare" not in runtime.calls

    def test_yes_is_not_asked(self, qorch: Qorch, runtime: InMemoryRuntime, questions: list[str]) -> None:
        assert qorch(*UP, "--yes").code == 0
        assert questions == []

    def test_a_fleet_that_runs_already_is_not_asked_about(
        self, qorch: Qorch, runtime: InMemoryRuntime, questions: list[str]
    ) -> None:
        qorch(*UP)
        qorch(*UP)
        assert len(questions) == 1


class TestScaleAndDown:
    def test_scale_says_how_far_it_is_and_what_next(self, qorch: Qorch, runtime: InMemoryRuntime) -> None:
        qorch(*UP)
        done = qorch("scale", "2")
        assert (done.code, done.out) == (0, "")
        assert "2 of 2 replicas run" in done.err
        assert done.err.endswith("next:  qorch status\n")
        assert qorch("status", "-o", "name").out.splitlines() == ["replica-1", "replica-2"]

    def test_more_than_there_is_memory_for_is_exit_3(
        self, qorch: Qorch, runtime: InMemoryRuntime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        qorch(*UP)
        monkeypatch.setattr("orchestrator.cli.compose.sites.memory_available_bytes", lambda: 1)
        done = qorch("scale", "2")
        assert (done.code, done.out) == (3, "")
        assert "1 more replica would take" in done.error

    def test_down_says_what_it_ended_and_leaves_nothing(self, qorch: Qorch, runtime: InMemoryRuntime) -> None:
        qorch(*UP)
        done = qorch("down")
        assert (done.code, done.out) == (0, "")
        assert "2 processes ended" in done.err
        assert qorch("status").code == 4

    def test_quiet_says_nothing_at_all(self, qorch: Qorch, runtime: InMemoryRuntime) -> None:
        qorch(*UP)
        for line in ("scale 2 -q", "down -q", "down -q"):
            assert qorch(*line.split()).err == ""


def test_status_watch_goes_on_until_the_fleet_is_gone(
    qorch: Qorch, runtime: InMemoryRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    qorch(*UP)
    naps = iter((None, None))

    def nap(_: float) -> None:
        if next(naps, "over") == "over":
            runtime.remove()

    monkeypatch.setattr("orchestrator.cli.verbs.status.time.sleep", nap)
    done = qorch("status", "--watch", "-o", "yaml")
    assert done.out.count("phase: Ready\n") == 3
    assert done.out.count("---\n") == 2 + 1
    assert done.code == 4


def test_status_watch_ends_cleanly_with_ctrl_c(
    qorch: Qorch, runtime: InMemoryRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    qorch(*UP)

    def interrupted(_: float) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr("orchestrator.cli.verbs.status.time.sleep", interrupted)
    done = qorch("status", "--watch")
    assert (done.code, done.err) == (130, "interrupted\n")
    assert done.out.startswith("default: Ready")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_an_address_of_this_machine_alone_needs_no_key(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.7", "localhost.example.org", "127.0.0.1.example.org"])
def test_any_other_address_or_name_does(host: str) -> None:
    assert not is_loopback(host)


class TestBounds:
    LINE = (*UP, "--min-replicas", "1", "--max-replicas", "3")

    def test_a_fleet_has_them_and_status_tells(self, qorch: Qorch, runtime: InMemoryRuntime) -> None:
        assert qorch(*self.LINE).code == 0
        spec = runtime.deployed()
        assert spec is not None
        assert (spec.bounds, spec.num_replicas) == (ReplicaBounds(1, 3), 1)
        text = qorch("status").out
        assert "1/1 ready (1..3)" in text
        assert "scaling 1..3: nothing was decided yet" in text
        assert json.loads(qorch("status", "-o", "json").out)["scaling"]["bounds"]["max_replicas"] == 3

    def test_asking_again_changes_nothing_and_other_bounds_are_for_scale(
        self, qorch: Qorch, runtime: InMemoryRuntime
    ) -> None:
        assert qorch(*self.LINE).code == 0
        assert "nothing to change" in qorch(*self.LINE).err
        assert "nothing to change" in qorch(*UP).err
        done = qorch(*UP, "--max-replicas", "4")
        assert done.error.endswith("differs: max-replicas: 3 runs, 4 is asked for")
        assert done.hint == "qorch scale --min 1 --max 4"
        assert qorch(*UP, "--replicas", "2").hint == "qorch scale 2"

    def test_the_number_within_them_is_no_difference_from_a_plan(self, qorch: Qorch, runtime: InMemoryRuntime) -> None:
        assert qorch(*self.LINE).code == 0
        assert qorch("plan", "--diff", "--profile", "demo-gguf").code == 0
        differs = qorch("plan", "--diff", "--profile", "demo-gguf", "--max-replicas", "4")
        assert (differs.code, differs.out.splitlines()[-1].split()) == (1, ["replicas", "1..3", "1..4"])

    def test_a_written_plan_keeps_them(self, qorch: Qorch, runtime: InMemoryRuntime) -> None:
        Path("plan").write_text(qorch("plan", "--profile", "demo-gguf", "--max-replicas", "3", "-o", "yaml").out)
        assert qorch("up", "--plan", "plan").code == 0
        spec = runtime.deployed()
        assert spec is not None
        assert spec.bounds == ReplicaBounds(1, 3)
        assert "nothing to change" in qorch("up", "--plan", "plan").err

    def test_bench_fit_wants_one_replica_that_stays_one(self, qorch: Qorch, runtime: InMemoryRuntime) -> None:
        assert qorch(*self.LINE).code == 0
        done = qorch("bench", "fit")
        assert (done.error, done.hint) == (
            "the figures are of one replica, and the fleet 'default' has 1..3",
            "qorch scale 1",
        )


class TestAWrittenPlan:
    @pytest.mark.parametrize("format_", ["yaml", "json"])
    def test_it_is_deployed_as_it_says(self, qorch: Qorch, runtime: InMemoryRuntime, format_: str) -> None:
        Path("plan").write_text(
            qorch("plan", "--profile", "demo-gguf", "--context", "5000", "--replicas", "2", "-o", format_).out
        )
        assert qorch("up", "--plan", "plan").code == 0
        spec = runtime.deployed()
        assert spec is not None
        assert (spec.profiles, spec.variants[0].engine.max_model_len, spec.num_replicas) == ("demo-gguf", 5000, 2)
        assert "nothing to change" in qorch("up", "--plan", "plan").err

    def test_what_runs_as_it_says_is_left_however_it_was_asked_for(
        self, qorch: Qorch, runtime: InMemoryRuntime
    ) -> None:
        assert qorch("up", "--model", "demo").code == 0
        Path("plan").write_text(qorch("plan", "--profile", "demo-gguf", "-o", "yaml").out)
        assert "nothing to change" in qorch("up", "--plan", "plan").err
        Path("plan").write_text(qorch("plan", "--profile", "demo-gguf", "--context", "5000", "-o", "yaml").out)
        assert qorch("up", "--plan", "plan").error.endswith("differs: context: None runs, 5000 is asked for")

    def test_all_variants_of_a_mixed_host_are_deployed_and_recognised(
        self, qorch: Qorch, runtime: InMemoryRuntime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(compose.sites, "inventory", lambda: machine(A100_80, A100_80, A6000))
        monkeypatch.setattr("orchestrator.adapters.engines.installed.installed_engines", lambda _: ENGINES)
        Path("plan").write_text(qorch("plan", "--model", "qwen3.5-35b-a3b", "--replicas", "3", "-o", "yaml").out)
        done = qorch("up", "--plan", "plan")
        assert done.code == 0, done.err
        assert "qwen3.5-35b-a3b-bf16 + qwen3.5-35b-a3b-fp8 as planned: it still fits" in done.err
        spec = runtime.deployed()
        assert spec is not None
        taken = [(one.engine.profile, one.engine.gpu_sets) for one in spec.variants]
        assert taken == [
            ("qwen3.5-35b-a3b-bf16", (("GPU-0",), ("GPU-1",))),
            ("qwen3.5-35b-a3b-fp8", (("GPU-2",),)),
        ]
        assert "nothing to change" in qorch("up", "--plan", "plan").err
        Path("plan").write_text(Path("plan").read_text().replace("max_model_len: 220160", "max_model_len: 200000"))
        assert "context: 147456 + 220160 runs, 147456 + 200000 is asked for" in qorch("up", "--plan", "plan").error

    def test_a_plan_of_two_hosts_is_exit_3_with_the_reason(self, qorch: Qorch, runtime: InMemoryRuntime) -> None:
        two = ("--hardware", "2x(a100-80gb:2)", "--model", "qwen3.5-9b", "--replicas", "3")
        Path("plan").write_text(qorch("plan", *two, "-o", "yaml").out)
        done = qorch("up", "--plan", "plan")
        assert (done.code, "the plan is for several hosts" in done.error) == (3, True)
        assert done.hint.startswith("qorch plan --profile qwen3.5-9b")

    def test_one_that_does_not_fit_any_more_is_exit_3_and_starts_nothing(
        self, qorch: Qorch, runtime: InMemoryRuntime
    ) -> None:
        text = qorch("plan", "--profile", "demo-gguf", "-o", "yaml").out
        Path("plan").write_text(text.replace("max_num_seqs: 8", "max_num_seqs: 1024"))
        done = qorch("up", "--plan", "plan")
        assert done.code == 3
        assert "does not fit here today: needs " in done.error
        assert "prepare" not in runtime.calls

    def test_options_that_say_what_to_run_do_not_go_with_it(self, qorch: Qorch, runtime: InMemoryRuntime) -> None:
        Path("plan").write_text(qorch("plan", "--profile", "demo-gguf", "-o", "yaml").out)
        done = qorch("up", "--plan", "plan", "--context", "4096")
        assert (done.code, done.error) == (2, "--context cannot be combined with --plan, which says what runs")
