"""What qorch asks of every engine, over the real llama.cpp."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import psutil
import pytest

from orchestrator.app.ports import Engine
from orchestrator.core.engine_spec import EngineSpec
from orchestrator.core.errors import DeployFailed
from orchestrator.serving.engines import make_engine
from tests.engine_fixtures import family_of, listens_on, owned_elsewhere, server_of

pytestmark = pytest.mark.anyio


async def test_an_engine_that_started_is_alive_checked_and_counts_its_work(llama: Engine) -> None:
    await llama.check()
    load = await llama.load()
    assert llama.alive
    assert load.generation_tokens_total >= 1
    assert load.prompt_tokens_total >= 1
    assert load.num_requests_running == load.num_requests_waiting == 0


async def test_the_steps_of_an_engines_start_are_told_in_their_order(llama: Engine) -> None:
    assert [*llama.start_steps] == ["process", "weights", "first completion"]
    assert all(seconds >= 0 for seconds in llama.start_steps.values())
    assert llama.start_steps["weights"] > 0


async def test_what_an_engine_still_knew_of_a_prompt_is_told(llama: Engine) -> None:
    prompt = {"model": "demo", "prompt": "the quick brown fox " * 20, "max_tokens": 1}
    async with httpx.AsyncClient() as client:
        for _ in range(2):
            answer = await client.post(f"http://{llama.host}:{llama.port}/v1/completions", json=prompt)
    tokens = answer.json()["usage"]["prompt_tokens"]
    load = await llama.load()
    assert load.prefix_cache_hits_total is not None
    assert load.prefix_cache_queries_total is not None
    assert tokens / 2 < load.prefix_cache_hits_total < load.prefix_cache_queries_total
    assert load.prefix_cache_queries_total >= 2 * tokens


async def test_an_engine_listens_on_loopback_only(llama: Engine) -> None:
    assert listens_on(server_of(llama.pid, llama.port)) == {("127.0.0.1", llama.port)}


async def test_an_engine_that_was_not_started_is_not_alive_and_can_be_stopped(spec: EngineSpec, tmp_path: Path) -> None:
    made = make_engine(spec, tmp_path / "never.log")
    assert not made.alive
    with pytest.raises(DeployFailed, match="not started"):
        await made.check()
    await made.stop()


@pytest.mark.parametrize(
    ("content", "said"), [(None, "failed to load model"), (b"", "failed to load model"), (b"nonsense", "failed to")]
)
async def test_a_model_that_cannot_be_loaded_is_told_with_the_engines_last_words(
    spec: EngineSpec, tmp_path: Path, content: bytes | None, said: str
) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(Path(spec.model_path).read_bytes()[:100_000] if content is None else content)
    made = make_engine(replace(spec, model_path=str(broken)), tmp_path / "broken.log")
    with pytest.raises(DeployFailed) as raised:
        await made.start()
    assert "did not start: exit status 1" in raised.value.message
    assert any(said in line for line in raised.value.log_lines)
    assert not made.alive
    await made.stop()


async def test_an_engine_that_is_killed_is_known_at_once_with_its_reason(spec: EngineSpec, tmp_path: Path) -> None:
    made = make_engine(spec, tmp_path / "killed.log")
    await made.start()
    family = family_of(made.pid)
    server_of(made.pid, made.port).kill()
    async with asyncio.timeout(5):
        await made.wait()
    assert not psutil.wait_procs(family, timeout=5)[1]
    assert "killed by SIGKILL" in made.death().message
    assert made.death().log_lines
    with pytest.raises(DeployFailed, match="SIGKILL"):
        await made.check()
    await made.stop()


async def test_an_engine_that_hangs_does_not_pass_its_check(spec: EngineSpec, tmp_path: Path) -> None:
    made = make_engine(spec, tmp_path / "hangs.log")
    await made.start()
    made._client.timeout = 0.2  # type: ignore[attr-defined]
    server = server_of(made.pid, made.port)
    server.suspend()
    while server.status() != psutil.STATUS_STOPPED:
        await asyncio.sleep(0.01)
    with pytest.raises(DeployFailed, match="does not answer"):
        await made.check()
    server.kill()
    await made.stop()


async def test_a_stopped_engine_leaves_no_process(spec: EngineSpec, tmp_path: Path) -> None:
    made = make_engine(spec, tmp_path / "stopped.log")
    await made.start()
    family = family_of(made.pid)
    await made.stop()
    assert not any(process.is_running() for process in family)
    assert not made.alive


Kill = Callable[[psutil.Process, int, int], object]
KILLS: dict[str, Kill] = {
    "its owner": lambda owner, pid, port: owner.kill(),
    "its owner and its server": lambda owner, pid, port: (server_of(pid, port).kill(), owner.kill()),
    "its owner and what the owner started": lambda owner, pid, port: (psutil.Process(pid).kill(), owner.kill()),
}


@pytest.mark.parametrize("killed", KILLS)
def test_an_engine_ends_with_its_owner_however_that_is_killed(spec: EngineSpec, tmp_path: Path, killed: str) -> None:
    with owned_elsewhere(spec, tmp_path / "owned.log") as (owner, pid, port):
        family = family_of(pid)
        KILLS[killed](owner, pid, port)
    assert not psutil.wait_procs(family, timeout=30)[1]
