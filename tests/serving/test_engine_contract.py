"""What qorch asks of every engine, over the real llama.cpp."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from orchestrator.app.ports import Engine
from orchestrator.core.engine_spec import EngineSpec
from orchestrator.core.errors import DeployFailed
from orchestrator.serving.engines import make_engine

pytestmark = pytest.mark.anyio


async def test_an_engine_that_started_is_alive_checked_and_counts_its_work(llama: Engine) -> None:
    await llama.check()
    load = await llama.load()
    assert llama.alive
    assert load.generation_tokens_total >= 1
    assert load.prompt_tokens_total >= 1
    assert load.num_requests_running == load.num_requests_waiting == 0


async def test_an_engine_listens_on_loopback_only(llama: Engine) -> None:
    listening = [c for c in psutil.Process(llama.pid).net_connections() if c.status == psutil.CONN_LISTEN]
    assert {(c.laddr.ip, c.laddr.port) for c in listening} == {("127.0.0.1", llama.port)}


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
    os.kill(made.pid, signal.SIGKILL)
    async with asyncio.timeout(1):
        await made.wait()
    assert "killed by SIGKILL" in made.death().message
    assert made.death().log_lines
    with pytest.raises(DeployFailed, match="SIGKILL"):
        await made.check()
    await made.stop()


async def test_an_engine_that_hangs_does_not_pass_its_check(spec: EngineSpec, tmp_path: Path) -> None:
    made = make_engine(spec, tmp_path / "hangs.log")
    await made.start()
    made._client.timeout = 0.2  # type: ignore[attr-defined]
    os.kill(made.pid, signal.SIGSTOP)
    with pytest.raises(DeployFailed, match="does not answer"):
        await made.check()
    os.kill(made.pid, signal.SIGKILL)
    await made.stop()


async def test_a_stopped_engine_leaves_no_process(spec: EngineSpec, tmp_path: Path) -> None:
    made = make_engine(spec, tmp_path / "stopped.log")
    await made.start()
    pid = made.pid
    await made.stop()
    assert not psutil.pid_exists(pid)
    assert not made.alive


def test_an_engine_ends_with_its_owner_even_when_that_is_killed(spec: EngineSpec, tmp_path: Path) -> None:
    program = (
        "import asyncio, json, sys; from pathlib import Path\n"
        "from orchestrator.core.engine_spec import engine_spec_from_data\n"
        "from orchestrator.serving.engines import make_engine\n"
        "async def own():\n"
        "    engine = make_engine(engine_spec_from_data(json.loads(sys.argv[1])), Path(sys.argv[2]))\n"
        "    await engine.start(); print(engine.pid, flush=True); await engine.wait()\n"
        "asyncio.run(own())"
    )
    command = [sys.executable, "-c", program, json.dumps(vars(spec)), str(tmp_path / "owned.log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        engine = psutil.Process(int(owner.stdout.readline()))
        owner.kill()
    engine.wait(timeout=5)
