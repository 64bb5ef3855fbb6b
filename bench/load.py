"""A lean client: many streams at once, in a process of its own."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import ParamSpec, TypeVar

import uvloop

from bench.stream import Stream, Target, one_stream

Asked = ParamSpec("Asked")
Found = TypeVar("Found")


@dataclass(frozen=True)
class Shape:
    """`streams` in all, `concurrency` at a time; or, with `every_s`, a new one each so many seconds, come what may."""

    streams: int
    concurrency: int = 0
    every_s: float = 0.0


@dataclass(frozen=True)
class Streams:
    """What a run of streams gave; times in seconds, the first event's counted from before the connection."""

    first_event_s: tuple[float, ...]
    gaps_s: tuple[float, ...]  # between pieces, each of one event or more
    events: int
    tokens: int
    wall_s: float
    client_cpu_s: float

    @property
    def events_per_s(self) -> float:
        return self.events / self.wall_s

    @property
    def tok_s(self) -> float:
        return self.tokens / self.wall_s

    @property
    def client_share(self) -> float:
        """The part of a core that the client took."""
        return self.client_cpu_s / self.wall_s


def run_streams(target: Target, shape: Shape) -> Streams:
    """Run these streams from a fresh process; raises RuntimeError when any is not whole."""
    return in_process(stream_here, target, shape)


def in_process(function: Callable[Asked, Found], *arguments: Asked.args, **named: Asked.kwargs) -> Found:
    """Call a function in a process of its own, which may have some too, and give its answer."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments, **named).result()


def stream_here(target: Target, shape: Shape) -> Streams:
    """Run these streams in this process."""
    return uvloop.run(_run(target, shape))


async def _run(target: Target, shape: Shape) -> Streams:
    started_s, cpu_s = time.perf_counter(), time.process_time()
    done = await (_paced(target, shape) if shape.every_s else _at_a_time(target, shape))
    wall_s, spent_s = time.perf_counter() - started_s, time.process_time() - cpu_s
    return Streams(
        first_event_s=tuple(stream.pieces_s[0] - stream.started_s for stream in done),
        gaps_s=tuple(later - sooner for stream in done for sooner, later in pairwise(stream.pieces_s)),
        events=sum(stream.events for stream in done),
        tokens=target.tokens * len(done),
        wall_s=wall_s,
        client_cpu_s=spent_s,
    )


async def _at_a_time(target: Target, shape: Shape) -> list[Stream]:
    left = iter(range(shape.streams))
    done: list[Stream] = []

    async def worker() -> None:
        for _ in left:
            done.append(await one_stream(target))

    await asyncio.gather(*(worker() for _ in range(shape.concurrency)))
    return done


async def _paced(target: Target, shape: Shape) -> list[Stream]:
    async def after(delay_s: float) -> Stream:
        await asyncio.sleep(delay_s)
        return await one_stream(target)

    return list(await asyncio.gather(*(after(number * shape.every_s) for number in range(shape.streams))))
