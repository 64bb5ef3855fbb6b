"""What deciding costs the controller: the processor's time, and its ratio to something simple in the same run.

Goals: 1,000 pools of 100 replicas decided within 50 ms; a tick of the policy in Ray Serve's controller, which comes ten
times a second, under 1 ms at 100 deployments of 64 replicas.
`python -m bench.decide [--rounds N] [--json FILE]`; it takes about four minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from random import Random
from typing import Any

from bench.decide_pools import BEGIN_S, POLICY, WARM_LOOKS, Site, load, loop, used_ms, variants, warm
from bench.decide_ticks import HEADERS as TICK_HEADERS
from bench.decide_ticks import TICK_S, row, ticks
from bench.tables import each_way, median, report, rounds_from_arguments, spread
from orchestrator.core.scaling.decide import decide
from orchestrator.core.scaling.goal import ScalingGoal
from orchestrator.core.scaling.parts import whole
from orchestrator.core.scaling.pool import pool_step
from orchestrator.core.scaling.pool_memory import PoolMemory
from orchestrator.core.scaling.season import SLOT_S
from orchestrator.core.scaling.seen import PoolSeen
from orchestrator.serving.scaling_ticks import LOOK_PERIOD_S
from orchestrator.serving.told import pool_seen

POOLS, REPLICAS = 1_000, 100
KINDS = (1, 4)
DEPLOYMENTS, OF_EACH = 100, 64
NEXT_SLOT_S = (BEGIN_S // SLOT_S + 2) * SLOT_S  # one look in 1,200
FIRST_TICKS, TICKS = 300, 1200  # a policy learns at first how long its looks take
CALL_HEADERS = ("what", "ms", "quartiles", "against", "ms", "ratio", "quartiles")


def main() -> None:
    rounds, json_path = rounds_from_arguments(5)
    title = f"Deciding, medians of {rounds} alternating rounds"
    report(title, CALL_HEADERS, [*_decide_rows(rounds), *_step_rows(rounds)], json_path)
    found = list(ticks(DEPLOYMENTS, OF_EACH, TICKS))
    title = f"{TICKS} ticks of the policy, one each {TICK_S} s, for {DEPLOYMENTS} x {OF_EACH} replicas"
    rows = [row("the first", found[:FIRST_TICKS]), row("those after", found[FIRST_TICKS:])]
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
            before, seen = memory, _read(site, now_s)
            _, memory = pool_step(seen, ScalingGoal(), POLICY, site.prior, before)
        step = partial(pool_step, seen, ScalingGoal(), POLICY, site.prior, before)
        read, simple = partial(_read, site, now_s), partial(_loop, site, now_s)
        name = f"{deployments} x {replicas} replicas"
        yield _row(f"pool_step, {name}", step, "a loop over the samples", simple, rounds)
        yield _row(f"pool_seen, {name}", read, "the same", simple, rounds)


def _read(site: Site, now_s: float) -> PoolSeen:
    """With the contexts made anew, since each gathers what its replicas told when it is asked first."""
    return whole(pool_seen(site.contexts(now_s, {}).values(), now_s))


def _loop(site: Site, now_s: float) -> float:
    return loop(site.contexts(now_s, {}))


def _row(
    name: str, work: Callable[[], object], against: str, other: Callable[[], object], rounds: int
) -> tuple[str, ...]:
    found, others = each_way((work, other), used_ms, rounds)
    ratios = [one / two for one, two in zip(found, others, strict=True)]
    return (
        name, f"{median(found):.2f}", spread(found, ".2f"), against, f"{median(others):.2f}",
        f"{median(ratios):.2f}", spread(ratios, ".2f"),
    )  # fmt: skip


def _each(function: Callable[..., object], calls: Sequence[tuple[Any, ...]]) -> None:
    for arguments in calls:
        function(*arguments)


if __name__ == "__main__":
    main()
