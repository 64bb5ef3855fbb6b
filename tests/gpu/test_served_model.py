"""A model that real vLLM serves on a real GPU: up, asked, streamed, killed, healed, down, and the memory is back."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator

import httpx
import psutil
import pytest

from orchestrator.adapters.engines.installed import installed_engines
from orchestrator.adapters.gpu_wait import all_devices
from orchestrator.core.accelerators import devices
from orchestrator.core.device import Device
from orchestrator.core.gpu_release import SETTLED_BYTES
from orchestrator.core.profile import EngineName
from tests.e2e.real_fleet import RealFleet

pytestmark = [pytest.mark.gpu, pytest.mark.timeout(1800)]

ON_VLLM = ("--profile", "bf16", "--model", "demo", "--engine", "vllm", "--yes")
STARTS_WITHIN_S = 900  # the first start on a machine compiles kernels


def free_bytes() -> dict[str, int]:
    """Of each device, by how CUDA names it."""
    return {one.cuda_name: one.free_bytes for one in devices(all_devices())[0]}


def given_back(before: dict[str, int]) -> bool:
    """A driver goes on freeing for a moment, and others of the host may take a little."""
    return all(now >= before[name] - SETTLED_BYTES for name, now in free_bytes().items())


@pytest.fixture(scope="module")
def before() -> dict[str, int]:
    """What was free before anything was started; skips where there is no GPU, or no vLLM that it runs."""
    inventory = all_devices()
    if not devices(inventory)[0]:
        pytest.skip(f"needs an NVIDIA GPU: {inventory.driver.absent or 'none answers'}")
    vllm = installed_engines(inventory.driver)[EngineName.VLLM, Device.GPU]
    if not vllm.on_disk:
        pytest.skip(f"needs vLLM for GPUs: {vllm.reason}")
    return free_bytes()


@pytest.fixture(scope="module")
def fleet(before: dict[str, int], tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealFleet]:
    real = RealFleet(tmp_path_factory.mktemp("home"))
    done = real.qorch(
        "up", *ON_VLLM, "--port", str(real.port), "--timeout", str(STARTS_WITHIN_S), timeout_s=STARTS_WITHIN_S
    )
    assert done.returncode == 0, done.stderr
    yield real
    real.qorch("down")


def engine_pid(fleet: RealFleet) -> int:
    (replica,) = fleet.engines()
    return int(replica["engine"]["pid"])


def test_it_is_ready_on_the_gpu_that_the_plan_names(fleet: RealFleet) -> None:
    status = fleet.status()
    assert (status["phase"], status["engine"], status["ready_replicas"]) == ("Ready", "vllm", 1)
    family = {one.pid for one in psutil.Process(engine_pid(fleet)).children(recursive=True)}
    seen = [gpu.processes for gpu in all_devices().gpus if isinstance(gpu.processes, tuple)]
    assert family & {process.pid for processes in seen for process in processes}


def test_it_answers_a_chat_whole_and_streamed(fleet: RealFleet) -> None:
    body = {"model": "demo", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 8, "temperature": 0}
    url = f"{fleet.url}/v1/chat/completions"
    whole = httpx.post(url, json=body, timeout=60).raise_for_status().json()
    assert 0 < whole["usage"]["completion_tokens"] <= 8
    with httpx.stream("POST", url, json=body | {"stream": True}, timeout=60) as answer:
        events = [line.removeprefix("data: ") for line in answer.iter_lines() if line]
    assert events[-1] == "[DONE]"
    pieces = [json.loads(event)["choices"][0]["delta"].get("content") or "" for event in events[:-1]]
    assert "".join(pieces) == whole["choices"][0]["message"]["content"]


def test_a_killed_engine_comes_back_on_its_gpu(fleet: RealFleet) -> None:
    killed = engine_pid(fleet)
    family = psutil.Process(killed).children(recursive=True)
    os.kill(killed, signal.SIGKILL)
    fleet.until(lambda: fleet.status()["phase"] != "Ready", "the death is seen")
    fleet.until_ready(STARTS_WITHIN_S)
    assert engine_pid(fleet) != killed
    assert not any(process.is_running() for process in family)
    assert fleet.complete().status_code == 200


def test_after_down_nothing_runs_and_the_memory_is_back(fleet: RealFleet, before: dict[str, int]) -> None:
    done = fleet.qorch("down")
    assert done.returncode == 0, done.stderr
    assert fleet.processes() == []
    fleet.until(lambda: given_back(before), "the memory is free again")
