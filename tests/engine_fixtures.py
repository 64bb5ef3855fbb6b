"""What the contract of engines is tested with; a `spec` beside them says which engine that is."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from orchestrator.app.ports import Engine
from orchestrator.core.engine_spec import EngineSpec
from orchestrator.serving.engines import make_engine

OWNER = """\
import asyncio, json, sys
from pathlib import Path
from orchestrator.core.engine_spec import engine_spec_from_data
from orchestrator.serving.engines import make_engine
async def own():
    engine = make_engine(engine_spec_from_data(json.loads(sys.argv[1])), Path(sys.argv[2]))
    await engine.start()
    print(engine.pid, engine.port, flush=True)
    await engine.wait()
asyncio.run(own())
"""


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
async def llama(spec: EngineSpec, anyio_backend: str) -> AsyncIterator[Engine]:
    """The engine that all tests share that leave it alive."""
    made = make_engine(spec, Path(spec.log_dir) / "engine.log")
    await made.start()
    yield made
    await made.stop()


@contextmanager
def owned_elsewhere(spec: EngineSpec, log: Path) -> Iterator[tuple[psutil.Process, int, int]]:
    """Another process that owns an engine, the engine's pid, and its port."""
    command = [sys.executable, "-c", OWNER, json.dumps(vars(spec)), str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        pid, port = map(int, owner.stdout.readline().split())
        yield psutil.Process(owner.pid), pid, port


def family_of(pid: int) -> list[psutil.Process]:
    """An engine's process and those that it has started."""
    return [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]


def server_of(pid: int, port: int) -> psutil.Process:
    """The process of an engine that listens on its port."""
    return next(process for process in family_of(pid) if (("127.0.0.1", port) in listens_on(process)))


def listens_on(process: psutil.Process) -> set[tuple[str, int]]:
    connections = process.net_connections()
    return {(c.laddr.ip, c.laddr.port) for c in connections if c.status == psutil.CONN_LISTEN}
