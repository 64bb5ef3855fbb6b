"""Ollama behind the contract of engines, over a stand-in held to its documented API (`tests/ollama_stand_in.py`)."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from subprocess import PIPE
from typing import Any

import httpx
import pytest

from orchestrator.adapters.engines import ollama_found
from orchestrator.app.ports import PROBE_PROMPT, Engine
from orchestrator.core.engine_spec import EngineSpec
from orchestrator.core.errors import DeployFailed
from orchestrator.serving.engines import make_engine
from tests.ollama_stand_in import Loaded, Model, Ollama, ollama_stand_in, program, stored

pytestmark = pytest.mark.anyio

TAG = "qwen3.5:9b"
CONTEXT = 16384


@pytest.fixture
def tag_spec(tmp_path: Path) -> EngineSpec:
    return EngineSpec(
        engine="ollama", profile="qwen3.5-9b-ollama", device="cpu", model_path=TAG, mmproj_path=None,
        served_model_names=("qwen3.5-9b", "qwen3.5-9b-ollama"), max_model_len=CONTEXT, max_num_seqs=1,
        log_dir=str(tmp_path),
    )  # fmt: skip


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ollama]:
    """A server that runs already, with the tag in its store, and OLLAMA_HOST that names it."""
    with ollama_stand_in(models={TAG: Model(TAG)}) as ollama:
        monkeypatch.setenv("OLLAMA_HOST", ollama.url)
        yield ollama


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where no server answers: the folder that is PATH."""
    with ollama_stand_in() as gone:
        monkeypatch.setenv("OLLAMA_HOST", f"127.0.0.1:{gone.port}")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path / "models"))
    return tmp_path / "bin"


@pytest.fixture
async def own(nobody: Path, tag_spec: EngineSpec, tmp_path: Path, anyio_backend: str) -> AsyncIterator[Engine]:
    """Started by us, since only the program is there."""
    program(nobody)
    stored(tmp_path / "models", TAG)
    made = engine(tag_spec)
    await made.start()
    yield made
    await made.stop()


def engine(spec: EngineSpec) -> Engine:
    return make_engine(spec, Path(spec.log_dir) / "engine-abc#1.log")


async def get(url: str) -> Any:
    async with httpx.AsyncClient() as client:
        return (await client.get(url)).raise_for_status().json()


# -- a server that was here before


async def test_a_model_is_leased_with_the_plans_context_under_a_name_of_its_own(
    server: Ollama, tag_spec: EngineSpec
) -> None:
    made = engine(tag_spec)
    await made.start()
    assert (made.host, made.port, made.pid) == ("127.0.0.1", server.port, 0)
    assert made.model == "qorch/qwen3.5:9b-engine-abc-1"
    assert server.models[made.model] == Model(TAG, CONTEXT)
    assert server.loaded[TAG] == Loaded(made.model, CONTEXT, "5m")
    assert server.bodies("/v1/completions") == [{"model": made.model, "prompt": PROBE_PROMPT, "max_tokens": 1}]
    await made.check()
    assert made.alive
    await made.stop()


async def test_where_the_servers_own_context_is_enough_its_store_stays_as_it_is(
    server: Ollama, tag_spec: EngineSpec
) -> None:
    server.default_context = 2 * CONTEXT
    made = engine(tag_spec)
    await made.start()
    assert made.model == TAG
    await made.stop()
    assert not server.bodies("/api/create")
    assert not server.bodies("/api/delete")


async def test_what_was_taken_is_given_back_and_the_server_runs_on(server: Ollama, tag_spec: EngineSpec) -> None:
    made = engine(tag_spec)
    await made.start()
    await made.stop()
    assert not made.alive
    assert server.loaded == {}
    assert list(server.models) == [TAG]
    assert await get(f"{server.url}/api/version")


async def test_a_model_that_somebody_else_had_loaded_stays_loaded(server: Ollama, tag_spec: EngineSpec) -> None:
    server.load(TAG, -1)
    made = engine(tag_spec)
    await made.start()
    await made.stop()
    assert TAG in server.loaded


async def test_a_server_that_counts_nothing_gives_a_sample_of_nothing(server: Ollama, tag_spec: EngineSpec) -> None:
    made = engine(tag_spec)
    await made.start()
    load = await made.load()
    assert (load.num_requests_running, load.num_requests_waiting, load.generation_tokens_total) == (0, 0, 0)
    assert load.kv_cache_usage is None
    await made.stop()


async def test_the_lease_is_renewed(server: Ollama, tag_spec: EngineSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ollama_found, "POLL_S", 0.01)
    monkeypatch.setattr(ollama_found, "RENEW_PERIOD_S", 0.0)
    made = engine(tag_spec)
    await made.start()
    leases = len(server.bodies("/api/generate"))
    watcher = asyncio.ensure_future(made.wait())
    async with asyncio.timeout(5):
        while len(server.bodies("/api/generate")) < leases + 2:
            await asyncio.sleep(0.01)
    watcher.cancel()
    assert server.bodies("/api/generate")[-1] == {"model": made.model, "keep_alive": "5m"}
    await made.stop()


async def test_a_tag_that_is_removed_under_way_ends_the_engine_with_ollamas_words(
    server: Ollama, tag_spec: EngineSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ollama_found, "POLL_S", 0.01)
    monkeypatch.setattr(ollama_found, "RENEW_PERIOD_S", 0.0)
    made = engine(tag_spec)
    await made.start()
    server.models.clear()
    async with asyncio.timeout(5):
        await made.wait()
    assert "not found" in made.death().message
    with pytest.raises(DeployFailed, match="not found"):
        await made.check()
    await made.stop()


async def test_a_server_that_goes_away_is_known_and_can_still_be_stopped(
    tag_spec: EngineSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ollama_found, "POLL_S", 0.01)
    with ollama_stand_in(models={TAG: Model(TAG)}) as ollama:
        monkeypatch.setenv("OLLAMA_HOST", ollama.url)
        made = engine(tag_spec)
        await made.start()
    made._client = httpx.AsyncClient(timeout=1)  # type: ignore[attr-defined]  # the stand-in's open connections live on
    async with asyncio.timeout(10):
        await made.wait()
    assert not made.alive
    assert f"{ollama.url} does not answer any more" in made.death().message
    await made.stop()


# -- a server of our own


async def test_a_server_of_our_own_is_told_its_context_and_keeps_the_model(own: Engine, tmp_path: Path) -> None:
    assert own.model == TAG
    loaded = (await get(f"http://127.0.0.1:{own.port}/api/ps"))["models"]
    assert loaded == [{"name": TAG, "model": TAG, "context_length": CONTEXT}]
    told = json.loads((tmp_path / "engine-abc#1.log").read_text().partition(" {")[2].join(["{", ""]))
    assert told["OLLAMA_HOST"] == f"127.0.0.1:{own.port}"
    assert (told["OLLAMA_NO_CLOUD"], told["OLLAMA_NOPRUNE"], told["OLLAMA_DEBUG_LOG_REQUESTS"]) == ("1", "1", "0")


async def test_requests_in_flight_are_the_connections_of_others(own: Engine) -> None:
    await own.check()
    assert (await own.load()).num_requests_running == 0
    program_text = (
        f"import httpx, sys; body = {{'model': {TAG!r}, 'prompt': 'x', 'stream': True}}\n"
        f"with httpx.stream('POST', 'http://127.0.0.1:{own.port}/v1/completions', json=body) as answer:\n"
        "    pieces = answer.iter_raw(); next(pieces); print('going', flush=True); sys.stdin.read()"
    )
    clients = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", program_text, stdin=PIPE, stdout=PIPE)
        for _ in range(3)
    ]
    for client in clients:
        assert client.stdout is not None
        assert await client.stdout.readline() == b"going\n"
    load = await own.load()
    assert (load.num_requests_running, load.num_requests_waiting) == (1, 2)
    for client in clients:
        await client.communicate(b"")
    async with asyncio.timeout(5):
        while (await own.load()).num_requests_running:
            await asyncio.sleep(0.05)


# -- what cannot serve


async def test_an_engine_that_was_not_started_is_not_alive_and_can_be_stopped(
    server: Ollama, tag_spec: EngineSpec
) -> None:
    made = engine(tag_spec)
    assert not made.alive
    with pytest.raises(DeployFailed, match="not started"):
        await made.check()
    await made.stop()
    assert {path for _, path, _ in server.asked} == {"/api/version", "/api/tags"}


async def refusal(spec: EngineSpec) -> DeployFailed:
    made = engine(spec)
    with pytest.raises(DeployFailed) as raised:
        await made.start()
    assert not made.alive
    await made.stop()
    return raised.value


async def test_a_tag_that_is_not_there_is_not_pulled(server: Ollama, tag_spec: EngineSpec) -> None:
    refused = await refusal(replace(tag_spec, model_path="qwen3.5:4b"))
    assert refused.hint == "ollama pull qwen3.5:4b"
    assert refused.hint in refused.message
    assert not server.bodies("/api/pull")


@pytest.mark.parametrize("version", ["0.29.9", "0.17.6", "0.0.0", "unknown"])
async def test_a_server_that_is_too_old_is_refused(server: Ollama, tag_spec: EngineSpec, version: str) -> None:
    server.version = version
    assert f"Ollama {version} is too old: 0.30.0 is the first" in (await refusal(tag_spec)).message


@pytest.mark.parametrize("tag", ["qwen3.5:cloud", "qwen3.5:397b-cloud", "qwen3.5:397B-Cloud"])
async def test_a_tag_of_the_cloud_is_refused_before_anything_is_sent(
    server: Ollama, tag_spec: EngineSpec, tag: str
) -> None:
    server.models[tag] = Model(tag)
    assert "prompts would leave this host" in (await refusal(replace(tag_spec, model_path=tag))).message
    assert {path for _, path, _ in server.asked} == {"/api/version", "/api/tags"}


async def test_a_plain_name_for_a_model_elsewhere_is_refused(server: Ollama, tag_spec: EngineSpec) -> None:
    server.models[TAG] = Model(TAG, remote_host="https://ollama.com:443")
    assert f"Ollama has no {TAG} that runs on its own host" in (await refusal(tag_spec)).message


async def test_without_a_server_and_without_the_program_the_reason_says_both(
    nobody: Path, tag_spec: EngineSpec
) -> None:
    assert "no program ollama is on PATH" in (await refusal(tag_spec)).message


async def test_a_program_that_ends_at_once_is_told_with_its_last_words(nobody: Path, tag_spec: EngineSpec) -> None:
    nobody.mkdir()
    (nobody / "ollama").write_text("#!/bin/sh\necho 'Error: listen tcp: address already in use' >&2; exit 1\n")
    (nobody / "ollama").chmod(0o755)
    refused = await refusal(tag_spec)
    assert "did not start: exit status 1" in refused.message
    assert "address already in use" in refused.log_lines[-1]
