"""What deciding costs the controller: time a call, and as a ratio to something simple on the same data in the same run.

Goals: 1,000 pools of 100 replicas decided within 50 ms; a tick of the policy in Ray Serve's controller, which comes ten
times a second, under 1 ms at 100 deployments of 64 replicas.
`python -m bench.decide [--rounds N] [--json FILE]`; a round takes about a minute.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from bench.decide_pools import BEGIN_S, POLICY, WARM_LOOKS, Site, load, variants, warm
from bench.tables import each_way, median, report, rounds_from_arguments, spread
from orchestrator.core.scaling.decide import decide
from orchestrator.core.scaling.goal import ScalingGoal
from orchestrator.core.scaling.pool import pool_step
from orchestrator.core.scaling.seen import ReplicaSample
from orchestrator.serving.autoscaling import LOOK_PERIOD_S, PoolPolicy
from orchestrator.serving.told import pool_seen

POOLS, REPLICAS = 1_000, 100
KINDS = (1, 4)
DEPLOYMENTS, OF_EACH = 100, 64
TICK_S = 0.1
TICKS = 200
CALL_HEADERS = ("what", "ms", "quartiles", "against", "ms", "ratio", "quartiles")
TICK_HEADERS = ("ticks of the policy", "mean ms", "p50", "p99", "most", "a loop over the samples, ms", "ratio of means")


def main() -> None:
    rounds, json_path = rounds_from_arguments(5)
    title = f"Deciding, medians of {rounds} alternating rounds"
    report(title, CALL_HEADERS, [*_decide_rows(rounds), *_step_rows(rounds)], json_path)
    ticks, loops = zip(*(_ticks() for _ in range(rounds)), strict=True)
    rows = list(_tick_rows([tick for run in ticks for tick in run], [loop for run in loops for loop in run]))
    title = f"{DEPLOYMENTS} deployments of {OF_EACH} replicas, a tick each {TICK_S} s, {rounds} times {TICKS} ticks"
    report(title, TICK_HEADERS, rows, json_path and json_path.with_suffix(".ticks.json"))


def _decide_rows(rounds: int) -> Iterable[tuple[str, ...]]:
    """Every pool has a load and a memory of its own."""
    from ray.serve.autoscaling_policy import replica_queue_length_autoscaling_policy

    contexts = list(Site(POOLS, 1).contexts(BEGIN_S, {}).values())[:POOLS]
    ray_serve = partial(_each, replica_queue_length_autoscaling_policy, [(context,) for context in contexts])
    for kinds in KINDS:
        pool, random = variants(kinds, REPLICAS), Random(2)
        memories = [warm(pool, seed) for seed in range(POOLS // 100)]
        looks = [(load(WARM_LOOKS, pool, random), POLICY, memories[number % len(memories)]) for number in range(POOLS)]
        name = f"decide, {POOLS:,} pools of {REPLICAS} replicas, {kinds} variant{'s' * (kinds > 1)}"
        yield _row(name, partial(_each, decide, looks), "Ray Serve's own policy", ray_serve, rounds)


def _step_rows(rounds: int) -> Iterable[tuple[str, ...]]:
    """One deployment, and all of them in one application, in which every replica has told something new."""
    for deployments, replicas in ((1, REPLICAS), (DEPLOYMENTS, OF_EACH)):
        site = Site(deployments, replicas)
        memory = None
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


def _ticks() -> tuple[list[tuple[bool, float]], list[float]]:
    """In real time, since what is learned is written to a file meanwhile: for each tick whether it looked, and the ms."""
    site = Site(DEPLOYMENTS, OF_EACH)
    ticks, loops, targets = [], [], {}
    with tempfile.TemporaryDirectory() as folder:
        policy = PoolPolicy(str(Path(folder) / "scaling.json"), asdict(POLICY), _data(site))
        for number in range(TICKS):
            looks = number % round(LOOK_PERIOD_S / TICK_S) == 0
            if looks:
                site.tell(LOOK_PERIOD_S)
            contexts = site.contexts(BEGIN_S + number * TICK_S, targets)
            loops.append(_ms(partial(_loop, contexts)))
            begin_s = time.perf_counter()
            targets, _ = policy(contexts)
            passed_s = time.perf_counter() - begin_s
            ticks.append((looks, passed_s * 1000))
            time.sleep(max(0.0, TICK_S - passed_s))
    return ticks, loops


def _tick_rows(ticks: Sequence[tuple[bool, float]], loops: Sequence[float]) -> Iterable[tuple[str, ...]]:
    loop = sum(loops) / len(loops)
    kinds = {"all": (True, False), "that look": (True,), "that do not": (False,)}
    for name, wanted in kinds.items():
        found = sorted(ms for looked, ms in ticks if looked in wanted)
        mean = sum(found) / len(found)
        shown = (mean, median(found), found[int(0.99 * len(found))], found[-1], loop)
        yield (name, *(f"{each:.3f}" for each in shown), f"{mean / loop:.2f}")


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
    return sum(
        series[-1].value
        for context in contexts.values()
        for field in ReplicaSample._fields
        for series in context.raw_metrics[field].values()
    )


def _ms(work: Callable[[], object]) -> float:
    begin_s = time.perf_counter()
    work()
    return (time.perf_counter() - begin_s) * 1000


def _data(site: Site) -> dict[str, Any]:
    from orchestrator.core.scaling.memory_data import to_data

    data: dict[str, Any] = to_data(site.prior)
    return data


if __name__ == "__main__":
    main()
