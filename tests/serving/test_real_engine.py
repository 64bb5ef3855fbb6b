"""The engine contract over the real llama.cpp, and the gateway in front of it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import openai
import psutil
import pytest

from orchestrator.adapters.demo_model import make_demo_gguf
from orchestrator.app.ports import Engine
from orchestrator.core.deployment import EngineSpec
from orchestrator.core.errors import DeployFailed
from orchestrator.serving.engines import make_engine
from tests.serving.conftest import LIMITS, Gateway

Make = Callable[..., Gateway]

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> EngineSpec:
    folder = tmp_path_factory.mktemp("engine")
    return EngineSpec(
        engine="llama.cpp", profile="demo-gguf", model_path=str(make_demo_gguf(folder)), mmproj_path=None,
        served_model_names=("demo",), max_model_len=LIMITS.max_model_len, max_num_seqs=4, threads=1,
        prompt_cache_mib=0, log_dir=str(folder),
    )  # fmt: skip


@pytest.fixture(scope="module")
async def engine(spec: EngineSpec) -> AsyncIterator[Engine]:
    made = make_engine(spec, Path(spec.log_dir) / "engine.log")
    await made.start()
    yield made
    await made.stop()


async def test_an_engine_that_started_is_alive_checked_and_counts_its_work(engine: Engine) -> None:
    await engine.check()
    load = await engine.load()
    assert engine.alive
    assert load.generation_tokens_total >= 1
    assert load.num_requests_running == 0


async def test_an_engine_listens_on_loopback_only(engine: Engine) -> None:
    listening = [c for c in psutil.Process(engine.pid).net_connections() if c.status == psutil.CONN_LISTEN]
    assert {(c.laddr.ip, c.laddr.port) for c in listening} == {("127.0.0.1", engine.port)}


async def test_a_model_that_cannot_be_loaded_is_told_with_the_engines_last_words(
    spec: EngineSpec, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(Path(spec.model_path).read_bytes()[:100_000])
    made = make_engine(replace(spec, model_path=str(broken)), tmp_path / "broken.log")
    with pytest.raises(DeployFailed) as raised:
        await made.start()
    assert "exit status 1" in raised.value.message
    assert any("failed to load model" in line for line in raised.value.log_lines)
    assert not made.alive
    await made.stop()


async def test_an_engine_that_is_killed_is_known_at_once_with_its_reason(spec: EngineSpec, tmp_path: Path) -> None:
    made = make_engine(spec, tmp_path / "killed.log")
    await made.start()
    os.kill(made.pid, signal.SIGKILL)
    async with asyncio.timeout(1):
        await made.wait()
    assert "killed by SIGKILL" in made.death().message
    assert made.death().log_lines
    with pytest.raises(DeployFailed):
        await made.check()
    await made.stop()


async def test_a_stopped_engine_leaves_no_process(spec: EngineSpec, tmp_path: Path) -> None:
    made = make_engine(spec, tmp_path / "stopped.log")
    await made.start()
    pid = made.pid
    await made.stop()
    assert not psutil.pid_exists(pid)


def test_an_engine_ends_with_its_owner_even_when_that_is_killed(spec: EngineSpec, tmp_path: Path) -> None:
    program = (
        "import asyncio, json, sys; from pathlib import Path\n"
        "from orchestrator.core.deployment import EngineSpec; from orchestrator.serving.engines import make_engine\n"
        "async def own():\n"
        "    engine = make_engine(EngineSpec(**json.loads(sys.argv[1])), Path(sys.argv[2]))\n"
        "    await engine.start(); print(engine.pid, flush=True); await engine.wait()\n"
        "asyncio.run(own())"
    )
    command = [sys.executable, "-c", program, json.dumps(vars(spec)), str(tmp_path / "owned.log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        engine = psutil.Process(int(owner.stdout.readline()))
        owner.kill()
    engine.wait(timeout=5)


async def test_the_openai_client_is_served_in_every_way(gateway: Make, engine: Engine) -> None:
    client = openai.AsyncOpenAI(base_url=f"{gateway(engine.port).url}/v1", api_key="none", max_retries=0)
    messages: Any = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hello"}]
    whole = await client.chat.completions.create(model="demo", messages=messages, max_tokens=6, n=1, seed=1)
    assert whole.usage is not None
    assert whole.usage.completion_tokens == 6
    assert whole.choices[0].finish_reason == "length"
    stream = await client.chat.completions.create(
        model="demo", messages=messages, max_completion_tokens=6, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 6
    completion = await client.completions.create(model="demo", prompt="hello", max_tokens=6, logprobs=2)
    assert completion.choices[0].text


async def test_the_context_is_counted_exactly_where_it_matters(gateway: Make, engine: Engine) -> None:
    url = f"{gateway(engine.port).url}/v1/completions"
    async with httpx.AsyncClient(timeout=30) as client:
        words = " the" * 3000
        fits = await client.post(url, json={"model": "demo", "prompt": words, "max_tokens": 4})
        assert fits.status_code == 200
        assert fits.json()["usage"]["prompt_tokens"] == 3000
        assert "3000 tokens" in fits.headers["warning"]
        over = await client.post(url, json={"model": "demo", "prompt": words, "max_tokens": 1100})
        assert over.status_code == 400
        assert "3,000 tokens" in over.json()["error"]["message"]
        chat = {"model": "demo", "messages": [{"role": "user", "content": " the" * 4200}]}
        long = await client.post(url.replace("completions", "chat/completions"), json=chat)
        assert long.json()["error"]["code"] == "context_length_exceeded"


async def test_a_client_that_leaves_stops_the_engines_work_within_a_second(gateway: Make, engine: Engine) -> None:
    url = f"{gateway(engine.port).url}/v1/completions"
    body = {"model": "demo", "prompt": "hello", "max_tokens": 4000, "stream": True}
    async with httpx.AsyncClient() as client, client.stream("POST", url, json=body) as answer:
        await anext(answer.aiter_lines())
        assert (await engine.load()).num_requests_running == 1
    left_s = time.monotonic()
    while (await engine.load()).num_requests_running:
        await asyncio.sleep(0.02)
        assert time.monotonic() - left_s < 1
