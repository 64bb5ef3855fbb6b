"""What deciding costs the controller: the processor's time, and its ratio to something simple in the same run.

Goals: 1,000 pools of 100 replicas decided within 50 ms; a tick of the policy in Ray Serve's controller, which comes ten
times a second, under 1 ms at 100 deployments of 64 replicas.
`python -m bench.decide [--rounds N] [--json FILE]`; it takes about four minutes.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from random import Random
from statistics import fmean
from typing import Any, NamedTuple

from bench.decide_pools import BEGIN_S, POLICY, WARM_LOOKS, Site, load, variants, warm
from bench.tables import each_way, median, report, rounds_from_arguments, spread
from orchestrator.core.scaling.decide import decide
from orchestrator.core.scaling.goal import ScalingGoal
from orchestrator.core.scaling.pool import pool_step
from orchestrator.core.scaling.pool_memory import PoolMemory
from orchestrator.core.scaling.season import SLOT_S
from orchestrator.core.scaling.seen import ReplicaSample
from orchestrator.serving.autoscaling import LOOK_PERIOD_S, PoolPolicy
from orchestrator.serving.told import pool_seen

POOLS, REPLICAS = 1_000, 100
KINDS = (1, 4)
DEPLOYMENTS, OF_EACH = 100, 64
NEXT_SLOT_S = (BEGIN_S // SLOT_S + 2) * SLOT_S  # one look in 1,200
TICK_S = 0.1
FIRST_TICKS, TICKS = 300, 1200  # a policy learns at first how long its looks take
CALL_HEADERS = ("what", "ms", "quartiles", "against", "ms", "ratio", "quartiles")
TICK_HEADERS = ("ticks", "mean, ms", "p50 passed", "p99", "most", "a loop over the samples, ms", "ratio of means")


class Tick(NamedTuple):
    """Time that passed, the processor's time in it, and that of a loop over all samples just before."""

    passed_ms: float
    used_ms: float
    loop_ms: float


def main() -> None:
    rounds, json_path = rounds_from_arguments(5)
    title = f"Deciding, medians of {rounds} alternating rounds"
    report(title, CALL_HEADERS, [*_decide_rows(rounds), *_step_rows(rounds)], json_path)
    ticks = list(_ticks())
    title = f"{TICKS} ticks of the policy, one each {TICK_S} s, for {DEPLOYMENTS} x {OF_EACH} replicas"
    rows = [_tick_row("the first", ticks[:FIRST_TICKS]), _tick_row("those after", ticks[FIRST_TICKS:])]
    report(title, TICK_HEADERS, rows, json_path and json_path.with_suffix(".ticks.json"))


def _decide_rows(rounds: int) -> Iterator[tuple[str, ...]]:
    """Every pool has a load and a memory of its own."""
    from ray.serve.autoscaling_policy import _apply_autoscaling_config, default_autoscaling_policy

    contexts = list(Site(POOLS, 1).contexts(BEGIN_S, {}).values())[:POOLS]
    ray_serve = partial(
        _each, _apply_autoscaling_config(default_autoscaling_policy), [(context,) for context in contexts]
    )
    for kinds in KINDS:
        pool, random = variants(kinds, REPLICAS), Random(2)
        memories = [warm(pool, seed) for seed in range(POOLS // 100)]
        looks = [(load(WARM_LOOKS, pool, random), POLICY, memories[number % len(memories)]) for number in range(POOLS)]
        slots = [(replace(look, clock_s=NEXT_SLOT_S), policy, memory) for look, policy, memory in looks]
        name = f"decide, {POOLS:,} pools of {REPLICAS} replicas, {kinds} variant{'s' * (kinds > 1)}"
        against = "Ray Serve's own policy with its delays"
        yield _row(name, partial(_each, decide, looks), against, ray_serve, rounds)
        yield _row(f"{name}, as a slot of the season begins", partial(_each, decide, slots), against, ray_serve, rounds)


def _step_rows(rounds: int) -> Iterator[tuple[str, ...]]:
    """One deployment, and all of them in one application, in which every replica has told something new."""
    for deployments, replicas in ((1, REPLICAS), (DEPLOYMENTS, OF_EACH)):
        site = Site(deployments, replicas)
        memory: PoolMemory | None = None
        for look in range(3):
            site.tell(LOOK_PERIOD_S)
            now_s = BEGIN_S + look * LOOK_PERIOD_S
            contexts = site.contexts(now_s, {})
            before, seen = memory, pool_seen(contexts.values(), now_s)
            _, memory = pool_step(seen, ScalingGoal(), POLICY, site.prior, before)
        step = partial(pool_step, seen, ScalingGoal(), POLICY, site.prior, before)
        loop = partial(_loop, contexts)
        name = f"{deployments} x {replicas} replicas"
        yield _row(f"pool_step, {name}", step, "a loop over the samples", loop, rounds)
        yield _row(f"pool_seen, {name}", partial(pool_seen, contexts.values(), now_s), "the same", loop, rounds)


def _ticks() -> Iterator[Tick]:
    """In real time, since what is learned is written to a file meanwhile: ms of a tick, and of the loop."""
    site = Site(DEPLOYMENTS, OF_EACH)
    targets: dict[Any, int] = {}
    with tempfile.TemporaryDirectory() as folder:
        policy = PoolPolicy(
            str(Path(folder) / "scaling.json"), asdict(POLICY), json.loads(json.dumps(asdict(site.prior)))
        )
        for number in range(TICKS):
            if number % round(LOOK_PERIOD_S / TICK_S) == 0:
                site.tell(LOOK_PERIOD_S)
            contexts = site.contexts(BEGIN_S + number * TICK_S, targets)
            loop_ms, begin_s = _ms(partial(_loop, contexts)), time.perf_counter()
            used_s = time.thread_time()
            targets, _ = policy(contexts)
            used_s = time.thread_time() - used_s
            passed_s = time.perf_counter() - begin_s
            yield Tick(passed_s * 1000, used_s * 1000, loop_ms)
            time.sleep(max(0.0, TICK_S - passed_s))


def _tick_row(which: str, ticks: Sequence[Tick]) -> tuple[str, ...]:
    passed, loop = sorted(tick.passed_ms for tick in ticks), fmean(tick.loop_ms for tick in ticks)
    mean = fmean(tick.used_ms for tick in ticks)
    shown = (mean, passed[len(passed) // 2], passed[int(0.99 * len(passed))], passed[-1], loop)
    return (f"{which} {len(ticks)}", *(f"{each:.3f}" for each in shown), f"{mean / loop:.2f}")


def _row(
    name: str, work: Callable[[], object], against: str, other: Callable[[], object], rounds: int
) -> tuple[str, ...]:
    found, others = each_way((work, other), _ms, rounds)
    ratios = [one / two for one, two in zip(found, others, strict=True)]
    return (
        name, f"{median(found):.2f}", spread(found, ".2f"), against, f"{median(others):.2f}",
        f"{median(ratios):.2f}", spread(ratios, ".2f"),
    )  # fmt: skip


def _each(function: Callable[..., object], calls: Sequence[tuple[Any, ...]]) -> None:
    for arguments in calls:
        function(*arguments)


def _loop(contexts: dict[Any, Any]) -> float:
    """The least that a policy can do which looks at every sample: their sum."""
    fields = (context.raw_metrics[field] for context in contexts.values() for field in ReplicaSample._fields)
    return float(sum(series[-1].value for by_replica in fields for series in by_replica.values()))


def _ms(work: Callable[[], object]) -> float:
    """Of the processor, so that others on the machine count for little."""
    begin_s = time.thread_time()
    work()
    return (time.thread_time() - begin_s) * 1000


if __name__ == "__main__":
    main()
