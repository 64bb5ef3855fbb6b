"""`bench` beyond what each measurement needs to run: its modules load, its table is whole, its client is strict."""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
import re
from importlib.util import find_spec
from pathlib import Path

import pytest

import bench
from bench.decide_pools import BEGIN_S, Site, loop, variants
from bench.load import Shape, Streams, stream_here
from bench.stream import Target
from orchestrator.core.scaling.parts import whole
from orchestrator.serving.told import pool_seen
from tests.serving.scripted_engine import DONE, HEAD, ScriptedEngine, chunk, event

FOLDER = Path(bench.__file__).parent
MODULES = [module.name for module in pkgutil.iter_modules([str(FOLDER)])]
NEEDS = {"serve_llm_app": ("vllm", "pyarrow")}  # another interpreter runs it
USAGE = b'data: {"choices":[],"usage":{"completion_tokens":2}}\n\n'
ERROR = b'data: {"error":{"message":"the engine died"}}\n\n'


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Ray's own
@pytest.mark.parametrize("name", MODULES)
def test_every_module_loads(name: str):
    if missing := [needed for needed in NEEDS.get(name, ()) if find_spec(needed) is None]:
        pytest.skip(f"needs {', '.join(missing)}")
    importlib.import_module(f"bench.{name}")


def test_the_table_names_every_module_that_has_a_main_and_no_other():
    named = re.findall(r"^\| `(\w+)` \|", (FOLDER / "README.md").read_text(), re.MULTILINE)
    with_main = [name for name in MODULES if "\ndef main(" in (FOLDER / f"{name}.py").read_text()]
    assert sorted(named) == with_main


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Ray's own
def test_pools_of_bench_decide_are_as_large_as_they_say_and_told_as_ray_tells():
    assert [(each.ready, each.max_replicas) for each in variants(4, 100)] == [(25, 50)] * 4
    site = Site(deployments=3, replicas=2)
    site.tell(0.5)
    seen = whole(pool_seen(site.contexts(BEGIN_S, {}).values(), BEGIN_S))
    assert [(each.name, each.asked, each.max_replicas) for each in seen.variants] == [(f"v{n}", 2, 4) for n in range(3)]
    samples = [sample for each in seen.variants for sample in each.replicas.values()]
    assert [sample and sample.clock_s for sample in samples] == [100.5] * 6
    assert loop(site.contexts(BEGIN_S, {})) == pytest.approx(sum(sum(sample or ()) for sample in samples))


def test_the_client_counts_tokens_as_the_engine_does_and_events_that_come_in_parts():
    found = streams_of([event("a"), event("b"), USAGE, DONE])
    assert (found.events, found.tokens) == (8, 4)
    assert len(found.first_event_s) == 2
    assert 0 < max(found.gaps_s) < found.wall_s


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([event("a"), USAGE], id="cut"),
        pytest.param([event("a"), USAGE, ERROR, DONE], id="failed"),
        pytest.param([event("a"), USAGE.replace(b"2", b"1"), DONE], id="short"),
        pytest.param([event("a"), event("b"), DONE], id="not counted"),
    ],
)
def test_the_client_refuses_a_stream_that_is_not_whole(pieces: list[bytes]):
    with pytest.raises(RuntimeError, match="a whole stream of 2 tokens is needed"):
        streams_of(pieces)


def streams_of(pieces: list[bytes]) -> Streams:
    """Two streams, one after the other, of two tokens each, from an engine that sends these pieces."""

    async def script(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in (HEAD, *map(chunk, pieces)):
            for part in (piece[:6], piece[6:]):  # within the mark of an event
                writer.write(part)
                await asyncio.sleep(0.005)

    async def run() -> Streams:
        async with ScriptedEngine(script).running() as port:
            return await asyncio.to_thread(stream_here, Target(port, tokens=2), Shape(streams=2, concurrency=1))

    return asyncio.run(run())
