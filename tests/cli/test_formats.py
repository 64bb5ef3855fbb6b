"""Every verb that shows something shows the same in each format, on stdout, and only data there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrator.adapters.in_memory import InMemoryRuntime
from tests.app.samples import demo_spec
from tests.cli.conftest import Qorch

MACHINE = "host: {memory_gib: 64, cpu_cores: 8, cpu_model: test, disk_free_gib: 500}\n"
SHOWS = ["status", "plan --hardware machine.yaml", "profiles list", "profiles show demo-gguf", "keys list", "version"]


@pytest.fixture(autouse=True)
def _something_to_show(runtime: InMemoryRuntime, qorch: Qorch) -> None:
    """A machine, a fleet that runs, and one key."""
    Path("machine.yaml").write_text(MACHINE)
    runtime.prepare(4, 0)
    runtime.apply(demo_spec())
    for _ in range(3):
        runtime.observe()
    assert qorch("keys", "create", "laptop").code == 0


def shown(qorch: Qorch, line: str, format_: str) -> str:
    done = qorch(*line.split(), "-o", format_)
    assert (done.code, done.err) == (0, "")
    return done.out


@pytest.mark.parametrize("line", [*SHOWS, "doctor"])
def test_json_and_yaml_hold_the_same(qorch: Qorch, line: str) -> None:
    as_json = json.loads(shown(qorch, line, "json"))
    as_yaml = yaml.safe_load(shown(qorch, line, "yaml"))
    if line != "doctor":  # where memory and disk move
        assert as_yaml == as_json


@pytest.mark.parametrize("format_", ["table", "wide", "json", "yaml", "name"])
@pytest.mark.parametrize("line", SHOWS)
def test_the_same_is_shown_the_same_way_again(qorch: Qorch, line: str, format_: str) -> None:
    if (line, format_) not in {("status", "table"), ("status", "wide")}:  # replicas age
        assert shown(qorch, line, format_) == shown(qorch, line, format_)


@pytest.mark.parametrize("format_", ["table", "wide"])
@pytest.mark.parametrize("line", SHOWS)
def test_text_ends_each_line_where_it_ends(qorch: Qorch, line: str, format_: str) -> None:
    text = shown(qorch, line, format_)
    assert text.endswith("\n")
    assert [each for each in text.splitlines() if each != each.rstrip()] == []
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("status", ["replica-1"]),
        ("profiles show demo-gguf", ["demo-gguf"]),
        ("plan --profile demo-gguf", ["demo-gguf"]),
    ],
)
def test_names_alone_are_one_a_line(qorch: Qorch, line: str, names: list[str]) -> None:
    assert shown(qorch, line, "name").splitlines() == names


def test_the_names_of_the_profiles_are_those_that_can_be_asked_for(qorch: Qorch) -> None:
    names = shown(qorch, "profiles list", "name").splitlines()
    assert "demo-gguf" in names
    assert names == [profile["name"] for profile in json.loads(shown(qorch, "profiles list", "json"))]


def test_wide_shows_more_of_a_fleet(qorch: Qorch) -> None:
    narrow, wide = shown(qorch, "status", "table"), shown(qorch, "status", "wide")
    assert "ENGINE PID" not in narrow
    assert "ENGINE PID" in wide


def test_status_says_in_data_what_it_says_in_text(qorch: Qorch) -> None:
    data: dict[str, Any] = json.loads(shown(qorch, "status", "json"))
    assert (data["phase"], data["ready_replicas"], data["target_num_replicas"]) == ("Ready", 1, 1)
    assert data["endpoint"] == "http://127.0.0.1:8000/v1"
    assert {condition["type"] for condition in data["conditions"]} == {
        "ControllerReachable",
        "Available",
        "ReplicasReady",
    }
    assert shown(qorch, "status", "table").startswith("default: Ready  1/1 ready  demo-gguf on llama.cpp  http://")


def test_a_plan_of_which_nothing_came_is_still_data_and_exit_3(qorch: Qorch) -> None:
    done = qorch("plan", "--hardware", "machine.yaml", "--profile", "qwen3.5-397b-a17b", "-o", "json")
    assert done.code == 3
    assert json.loads(done.out)["failure"] == "does not fit"
    named = qorch("plan", "--hardware", "machine.yaml", "--profile", "qwen3.5-397b-a17b", "-o", "name")
    assert (named.code, named.out) == (3, "")


class TestKeys:
    def test_a_new_key_alone_is_on_stdout(self, qorch: Qorch) -> None:
        done = qorch("keys", "create", "ci")
        prefix, key_id, secret = done.out.strip().split("_", 2)
        assert (prefix, len(key_id)) == ("qk", 8)
        assert len(secret) > 40
        assert "cannot be shown again" in done.err

    def test_the_list_shows_no_secret(self, qorch: Qorch) -> None:
        secret = qorch("keys", "create", "ci").out.strip().split("_", 2)[2]
        for format_ in ("table", "json", "yaml"):
            text = shown(qorch, "keys list", format_)
            assert "ci" in text
            assert secret not in text
            assert "hash" not in text

    def test_a_revoked_key_stays_in_the_list_with_its_day_and_cannot_be_revoked_twice(self, qorch: Qorch) -> None:
        (key_id,) = shown(qorch, "keys list", "name").splitlines()
        assert qorch("keys", "revoke", key_id).err == f"revoked {key_id} (laptop)\n"
        (key,) = json.loads(shown(qorch, "keys list", "json"))
        assert key["revoked_at"] is not None
        assert qorch("keys", "revoke", key_id).code == 2

    def test_without_any_key_the_list_is_empty_in_every_format(self, qorch: Qorch, home: Path) -> None:
        (home / "config" / "keys.json").unlink()
        assert json.loads(shown(qorch, "keys list", "json")) == []
        assert shown(qorch, "keys list", "name") == ""


def test_version_names_what_qorch_stands_on(qorch: Qorch) -> None:
    versions = json.loads(shown(qorch, "version", "json"))
    assert versions["ray"] == "2.60.0"
    assert qorch("--version").out == f"qorch {versions['qorch']}\n"
    assert shown(qorch, "version", "name").strip() == versions["qorch"]


class TestDoctor:
    def test_it_names_what_is_well_and_is_exit_0(self, qorch: Qorch) -> None:
        done = qorch("doctor")
        assert done.code == 0
        assert "ok    memory" in done.out
        assert "ok    engine llama.cpp" in done.out
        assert "ok    Available          a model answers" in done.out

    def test_names_alone_are_what_is_not_well(self, qorch: Qorch) -> None:
        assert "hub" in shown(qorch, "doctor", "name").splitlines()

    def test_what_is_missing_is_exit_4_with_its_hint(self, qorch: Qorch, monkeypatch: pytest.MonkeyPatch) -> None:
        from orchestrator.cli import compose
        from tests.core.machines import machine

        monkeypatch.setattr(compose.sites, "inventory", lambda: machine(memory_gib=1))
        done = qorch("doctor")
        assert done.code == 4
        assert "FAIL  memory             1.0 GiB available (needed: at least 2 GiB)\n      hint: free -h" in done.out
        assert (done.error, done.hint) == ("not as a fleet needs it: memory", "free -h")


def test_one_candidate_is_explained_in_every_format(qorch: Qorch) -> None:
    line = "plan --hardware machine.yaml --explain qwen3.5-4b-q8_0"
    assert json.loads(shown(qorch, line, "json")) == yaml.safe_load(shown(qorch, line, "yaml"))
    assert shown(qorch, line, "name") == "qwen3.5-4b-q8_0\n"
    assert "Score" in shown(qorch, line, "table")
    refused = line.replace("4b-q8_0", "397b-a17b-bf16")
    assert "Refused" in shown(qorch, refused, "table")
    assert qorch(*line.split()[:-1], "qwen3.5-4c").code == 2
