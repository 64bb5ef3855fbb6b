"""Which Ollama is found on a host, and what of its store; the server is `tests/ollama_stand_in.py`."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.adapters.engines.installed import installed_engines
from orchestrator.adapters.engines.ollama_install import OllamaInstall, model_store, ollama_install
from orchestrator.adapters.ollama_weights import OllamaWeights
from orchestrator.app.weights import TagsAndFiles, WeightsSources
from orchestrator.core.device import Device
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.ollama_names import Address
from orchestrator.core.profile import EngineName
from tests.adapters.http_stand_in import http_stand_in
from tests.core.machines import BY_NAME
from tests.ollama_stand_in import Model, ollama_stand_in, program, stored

NINE_B, Q8 = BY_NAME["qwen3.5-9b-ollama"], BY_NAME["qwen3.5-9b-q8_0"]
BYTES = 6_594_474_711


@pytest.fixture
def nobody(tmp_path: Path) -> dict[str, str]:
    """An environment in which no server answers and no program is there."""
    with ollama_stand_in() as gone:
        port = gone.port
    return {"OLLAMA_HOST": f"127.0.0.1:{port}", "PATH": str(tmp_path / "bin"), "OLLAMA_MODELS": str(tmp_path)}


def weights_of(environment: dict[str, str]) -> OllamaWeights:
    return OllamaWeights(lambda: ollama_install(environment))


def test_a_server_that_answers_tells_its_version_and_its_tags() -> None:
    with ollama_stand_in(models={"qwen3.5:9b": Model("x"), "q:cloud": Model("x", remote_host="https://c")}) as server:
        found = ollama_install({"OLLAMA_HOST": server.url})
    assert (found.version, found.problem) == ("0.33.0", "")
    assert found.tags == {"qwen3.5:9b": BYTES}
    assert found.found == f"Ollama 0.33.0 at {server.url}"


def test_a_server_that_is_too_old_is_told_with_the_version_that_is_needed() -> None:
    with ollama_stand_in(version="0.17.6") as server:
        assert "0.30.0 is the first" in ollama_install({"OLLAMA_HOST": server.url}).problem


def test_another_server_at_that_address_is_not_taken_for_ollama(tmp_path: Path) -> None:
    program(tmp_path)
    with http_stand_in() as other:
        found = ollama_install({"OLLAMA_HOST": other.url, "PATH": str(tmp_path)})
    assert found.problem == f"what answers at {other.url} is not Ollama"


def test_the_program_is_found_with_the_tags_of_the_users_store(nobody: dict[str, str], tmp_path: Path) -> None:
    program(tmp_path / "bin")
    stored(tmp_path, "qwen3.5:9b", "qwen3.5:0.8b")
    (tmp_path / "manifests/registry.ollama.ai/library/qwen3.5/broken").write_text("{")
    found = ollama_install(nobody)
    assert (found.version, found.problem) == (None, "")
    assert found.tags == {"qwen3.5:9b": 6_000_070, "qwen3.5:0.8b": 6_000_070}
    assert found.program in found.found


def test_nothing_of_it_is_said_with_the_address_and_the_program(nobody: dict[str, str]) -> None:
    problem = ollama_install(nobody).problem
    assert nobody["OLLAMA_HOST"] in problem
    assert "no program ollama is on PATH" in problem


def test_in_the_place_of_a_server_on_another_host_none_is_started(tmp_path: Path) -> None:
    program(tmp_path)
    found = ollama_install({"OLLAMA_HOST": "box.invalid:1", "PATH": str(tmp_path)})
    assert found.program is None
    assert "no Ollama server answers at http://box.invalid:1" in found.problem


def test_a_server_on_another_host_is_told_to_get_the_prompts() -> None:
    there = OllamaInstall(Address("10.0.0.5", 11434), "0.33.0", {"qwen3.5:9b": 1})
    assert "prompts leave this host" in there.found
    resolved = OllamaWeights(lambda: there).fetch(NINE_B, print)
    assert resolved is not None
    assert "prompts leave this host" in resolved.source


def test_a_wrong_address_is_a_problem_and_no_crash() -> None:
    assert "OLLAMA_HOST: expected" in ollama_install({"OLLAMA_HOST": "https://ollama.com"}).problem


def test_the_store_is_where_ollama_has_it() -> None:
    assert model_store({"OLLAMA_MODELS": "/big/models"}) == Path("/big/models")
    assert model_store({}) == Path.home() / ".ollama/models"


def test_a_tag_is_on_disk_where_ollama_lists_it() -> None:
    with ollama_stand_in(models={"qwen3.5:9b": Model("x")}) as server:
        weights = weights_of({"OLLAMA_HOST": server.url})
        assert weights.holds(NINE_B).on_disk
        resolved = weights.fetch(NINE_B, print)
        missing = weights.holds(BY_NAME["qwen3.5-4b-ollama"])
    assert resolved is not None
    assert (str(resolved.path), resolved.bytes, resolved.mmproj_path) == ("qwen3.5:9b", BYTES, None)
    assert (missing.obtainable, missing.reason) == (False, "Ollama has no qwen3.5:4b")


def test_a_tag_that_is_missing_is_not_pulled_but_named_with_the_command() -> None:
    with ollama_stand_in() as server, pytest.raises(EnvironmentNotReady) as raised:
        weights_of({"OLLAMA_HOST": server.url}).fetch(NINE_B, print)
    assert raised.value.hint == "ollama pull qwen3.5:9b"
    assert {method for method, _, _ in server.asked} == {"GET"}


def test_files_are_not_ollamas_business_and_nothing_is_looked_for() -> None:
    def look() -> OllamaInstall:
        raise AssertionError

    weights = OllamaWeights(look)
    assert weights.holds(Q8).reason == ""
    assert weights.fetch(Q8, print) is None


def test_tags_and_files_have_their_own_sources() -> None:
    with ollama_stand_in(models={"qwen3.5:9b": Model("x")}) as server:
        store = TagsAndFiles(WeightsSources((weights_of({"OLLAMA_HOST": server.url}),)), WeightsSources(()))
        assert store.availability(NINE_B).on_disk
        assert store.availability(Q8).reason == "no source has them"
        assert str(store.resolve(NINE_B, print).path) == "qwen3.5:9b"


def test_ollama_is_available_on_every_device_where_a_server_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    with ollama_stand_in() as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        engines = installed_engines()
    for device in Device:
        assert engines[EngineName.OLLAMA, device].on_disk
        assert engines[EngineName.OLLAMA, device].reason == f"Ollama 0.33.0 at {server.url}"


def test_ollama_is_not_available_with_the_reason(monkeypatch: pytest.MonkeyPatch, nobody: dict[str, str]) -> None:
    for name, value in nobody.items():
        monkeypatch.setenv(name, value)
    assert not installed_engines()[EngineName.OLLAMA, Device.CPU].obtainable


def test_an_ollama_that_cannot_serve_is_told_before_a_tag_is_asked_for(nobody: dict[str, str]) -> None:
    with pytest.raises(EnvironmentNotReady, match="no program ollama is on PATH") as raised:
        weights_of(nobody).fetch(NINE_B, print)
    assert raised.value.hint == "qorch doctor"
