"""The contract that every engine passes, over the real vLLM (its CPU build)."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from orchestrator.adapters.demo_model import make_demo_checkpoint
from orchestrator.core.engine_spec import EngineSpec
from orchestrator.core.errors import DeployFailed
from orchestrator.serving.engines import make_engine
from tests.engine_fixtures import anyio_backend, llama  # noqa: F401  # of the contract, over this module's `spec`
from tests.serving.test_engine_contract import (  # noqa: F401  # collected here, over the fixtures of this module
    test_a_stopped_engine_leaves_no_process,
    test_an_engine_ends_with_its_owner_however_that_is_killed,
    test_an_engine_listens_on_loopback_only,
    test_an_engine_that_hangs_does_not_pass_its_check,
    test_an_engine_that_is_killed_is_known_at_once_with_its_reason,
    test_an_engine_that_started_is_alive_checked_and_counts_its_work,
    test_an_engine_that_was_not_started_is_not_alive_and_can_be_stopped,
)
from tests.vllm.vllm_server import vllm_python

pytestmark = [pytest.mark.heavy, pytest.mark.anyio, pytest.mark.timeout(900)]


@pytest.fixture(scope="session")
def spec(tmp_path_factory: pytest.TempPathFactory) -> EngineSpec:
    """The demo model for the real vLLM."""
    vllm_python()
    folder = tmp_path_factory.mktemp("vllm")
    checkpoint = make_demo_checkpoint(folder)
    return EngineSpec(
        engine="vllm", profile="demo-bf16", device="cpu", model_path=str(checkpoint), mmproj_path=None,
        served_model_names=("demo",), max_model_len=4096, max_num_seqs=8, log_dir=str(folder),
        arguments=(str(checkpoint), "--served-model-name", "demo", "--max-model-len=4096", "--max-num-seqs=8",
                   "--kv-cache-memory-bytes=33554432"),
    )  # fmt: skip


@pytest.mark.parametrize("config", [None, "nonsense", '{"model_type": "unheard-of"}'])
async def test_a_model_that_cannot_be_loaded_is_told_with_vllms_last_words(
    spec: EngineSpec, tmp_path: Path, config: str | None
) -> None:
    if config is not None:
        (tmp_path / "config.json").write_text(config)
    made = make_engine(replace(spec, arguments=(str(tmp_path), *spec.arguments[1:])), tmp_path / "broken.log")
    with pytest.raises(DeployFailed, match="did not start: exit status 1") as raised:
        await made.start()
    assert any("config" in line or "model type" in line for line in raised.value.log_lines)
    assert not made.alive
    await made.stop()


async def test_a_server_whose_engine_core_dies_ends_and_leaves_nothing(spec: EngineSpec, tmp_path: Path) -> None:
    made = make_engine(spec, tmp_path / "core.log")
    await made.start()
    family = psutil.Process(made.pid).children(recursive=True)
    cores = [one for one in family if "EngineCore" in " ".join(one.cmdline())]
    assert cores, json.dumps([one.cmdline() for one in family])
    os.kill(cores[0].pid, signal.SIGKILL)
    await made.wait()
    _, alive = psutil.wait_procs(family, timeout=5)
    assert not alive
    await made.stop()
