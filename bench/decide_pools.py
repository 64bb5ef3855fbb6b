"""Pools at the size of a large site, as Ray Serve's controller would tell of them, for `bench.decide`."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import chain
from random import Random
from typing import Any

from orchestrator.core.deployment import GATEWAY
from orchestrator.core.scaling.decide import decide
from orchestrator.core.scaling.load import Load, VariantLoad
from orchestrator.core.scaling.memory import ScalingMemory
from orchestrator.core.scaling.policy import ScalingPolicy
from orchestrator.core.scaling.prior import PoolPrior, TokenWork, VariantPrior
from orchestrator.core.scaling.seen import ReplicaSample

BEGIN_S = 1_000_100.0  # so that no look that is timed is the first of one of the season's slots, if it is not to be
SINCE_S = 3 * 86_400.0  # long enough that the season is learned too
PLACES = 32
TOK_S = 800.0  # of a replica
COLD_START_S = 60.0
POLICY = ScalingPolicy()
WARM_LOOKS = 400  # at two a second: averages, expectations and the hold are as full as they get


def variants(kinds: int, replicas: int) -> tuple[VariantLoad, ...]:
    """Equal replicas over so many kinds, each a little dearer than the one before."""
    each = replicas // kinds
    return tuple(
        VariantLoad(f"v{number}", each, 0, 1.0, COLD_START_S, 1.0 + number / 10, 0, 2 * each) for number in range(kinds)
    )


def load(look: int, pool: tuple[VariantLoad, ...], random: Random) -> Load:
    """About 85 % of the replicas are busy."""
    demand = 0.85 * sum(each.ready * each.capacity for each in pool)
    arrived = max(0.0, random.gauss(demand, demand**0.5)) * 0.5
    return Load(look * 0.5, 0.5, arrived, 0.0, pool, clock_s=BEGIN_S + look * 0.5)


def warm(pool: tuple[VariantLoad, ...], seed: int) -> ScalingMemory:
    """What is remembered after some minutes, by looks twice a second, of a pool that was first looked at days ago."""
    random = Random(seed)
    _, first = decide(load(-1, pool, random), POLICY, None)
    memory = first and replace(first, since_s=-SINCE_S)
    for look in range(WARM_LOOKS):
        decision, memory = decide(load(look, pool, random), POLICY, memory)
        pool = tuple(replace(each, ready=decision.replicas[each.name]) for each in pool)
    assert memory is not None
    return memory


def prior(names: Iterator[str]) -> PoolPrior:
    """A request is 100 tokens read and 100 written."""
    work = TokenWork(0.05 / TOK_S, 1 / TOK_S)
    return PoolPrior(work, work.of(100, 100), 100.0, {name: VariantPrior(1.0, COLD_START_S) for name in names})


class Site:
    """Deployments of equal replicas whose totals rise; `contexts` are Ray Serve's own, made anew for each tick."""

    def __init__(self, deployments: int, replicas: int) -> None:
        from ray.serve._private.common import DeploymentID, ReplicaID

        self._random, self._second = Random(1), 0.0
        names = [f"v{number}" for number in range(deployments)]
        self._ids = {name: DeploymentID(name, "qorch") for name in (*names, GATEWAY)}
        self._replicas = {
            name: [ReplicaID(f"{name}-{number}", self._ids[name]) for number in range(replicas)] for name in names
        }
        self._replicas[GATEWAY] = []
        self._told: dict[Any, dict[str, Any]] = {}
        self.prior = prior(iter(names))
        self.tell(0.0)

    def tell(self, seconds: float) -> None:
        """What every replica has done after so many seconds more."""
        from ray.serve._private.common import TimeStampedValue

        self._second += seconds
        now_s, second = BEGIN_S + self._second, 100.0 + self._second
        for replica in chain.from_iterable(self._replicas.values()):
            running = min(PLACES, self._random.randrange(PLACES + 4))
            sample = ReplicaSample(second, running, 0.0, 400 * second, 400 * second, PLACES)
            told = zip(ReplicaSample._fields, sample, strict=True)
            self._told[replica] = {field: [TimeStampedValue(now_s, value)] for field, value in told}

    def _gathered(self, name: str) -> dict[str, dict[Any, Any]]:
        """By metric and replica: Ray Serve does the same, when its context is asked first."""
        raw: dict[str, dict[Any, Any]] = defaultdict(dict)
        for replica in self._replicas[name]:
            for field, series in self._told[replica].items():
                raw[field][replica] = series
        return dict(raw)

    def contexts(self, now_s: float, targets: Mapping[Any, int]) -> dict[Any, Any]:
        from ray.serve.config import AutoscalingConfig, AutoscalingContext

        config = AutoscalingConfig(min_replicas=0, max_replicas=1000)
        found = {}
        for name, key in self._ids.items():
            there = self._replicas[name]
            found[key] = AutoscalingContext(
                deployment_id=key, deployment_name=name, app_name="qorch", current_num_replicas=len(there),
                target_num_replicas=targets.get(key, len(there)), running_replicas=there,
                total_num_requests=2.0 * len(there), total_queued_requests=0.0, aggregated_metrics={},
                raw_metrics=partial(self._gathered, name), capacity_adjusted_min_replicas=0,
                capacity_adjusted_max_replicas=2 * len(there), policy_state={}, last_scale_up_time=None,
                last_scale_down_time=None, current_time=now_s, config=config,
            )  # fmt: skip
        return found


def loop(contexts: Mapping[Any, Any]) -> float:
    """The least that a policy can do which looks at every sample: their sum."""
    fields = (context.raw_metrics[field] for context in contexts.values() for field in context.raw_metrics)
    return float(sum(series[-1].value for by_replica in fields for series in by_replica.values()))


def loop_ms(site: Site, now_s: float) -> float:
    """Of contexts that were not asked yet."""
    contexts = site.contexts(now_s, {})
    return used_ms(partial(loop, contexts))


def used_ms(work: Callable[[], object]) -> float:
    """Of the processor, so that others on the machine count for little."""
    begin_s = time.thread_time()
    work()
    return (time.thread_time() - begin_s) * 1000
