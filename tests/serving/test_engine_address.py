"""Where an engine listens: on loopback, or where gateways of other nodes reach it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import ray

from orchestrator.adapters.engines.vllm_install import VARIABLE
from orchestrator.adapters.ports import free_ports
from orchestrator.core.engine_spec import EngineSpec
from orchestrator.core.errors import DeployFailed
from orchestrator.serving.engines import make_engine
from orchestrator.serving.node_binding import at_node
from tests.engine_fixtures import family_of, listens_on

pytestmark = pytest.mark.anyio

ANOTHER = "127.0.0.9"
ECHO = """#!/bin/sh
if [ "$2" = -c ]; then echo '["0.33.0", false, null]'; exit; fi
echo "$@" >&2
exit 1
"""


def test_a_settled_port_is_on_the_nodes_own_address(spec: EngineSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray.util, "get_node_ip_address", lambda: "10.0.0.7")
    assert at_node(replace(spec, port=8001)).host == "10.0.0.7"
    assert at_node(spec) == spec


async def test_llama_cpp_listens_there_and_nowhere_else(spec: EngineSpec, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    engine = make_engine(replace(spec, host=ANOTHER, port=port), tmp_path / "engine.log")
    await engine.start()
    try:
        assert (engine.host, engine.port) == (ANOTHER, port)
        seen = {address for process in family_of(engine.pid) for address in listens_on(process)}
        assert seen == {(ANOTHER, port)}
    finally:
        await engine.stop()


async def test_vllm_is_told_the_address(spec: EngineSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = tmp_path / "python"
    python.write_text(ECHO)
    python.chmod(0o755)
    monkeypatch.setenv(VARIABLE, str(python))
    told = replace(spec, engine="vllm", host=ANOTHER, port=8001, arguments=("/model",))
    with pytest.raises(DeployFailed) as failed:
        await make_engine(told, tmp_path / "engine.log").start()
    assert f"--host {ANOTHER} --port 8001" in "".join(failed.value.log_lines)
