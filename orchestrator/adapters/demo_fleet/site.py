"""A fleet that is simulated a second at a time, and scaled by qorch's own rule; it tells what a real one would."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from orchestrator.adapters.demo_fleet import course
from orchestrator.adapters.demo_fleet.engine import Request
from orchestrator.adapters.demo_fleet.gateway import Gateway
from orchestrator.adapters.demo_fleet.gpus import Gpus, Use
from orchestrator.adapters.demo_fleet.planned import Planned
from orchestrator.adapters.demo_fleet.replicas import Pool, SimulatedReplica
from orchestrator.core.deployment import GATEWAY
from orchestrator.core.fleet import Application, Decided, Fleet, Replica
from orchestrator.core.inventory import Gpu
from orchestrator.core.live import carried
from orchestrator.core.live.reading import HostLoad, HostReading, Reading, SourceState
from orchestrator.core.observed import fleet_of
from orchestrator.core.scaling.policy import ScalingPolicy
from orchestrator.core.scaling.pool import pool_step
from orchestrator.core.scaling.pool_memory import PoolMemory
from orchestrator.core.scaling.prior import pool_prior
from orchestrator.core.scaling.seen import PoolSeen, VariantSeen

HOST = "simulated-host"
SEED = 4
CORES, STREAM_PERCENT = 96, 0.04
MEMORY_BYTES, IDLE_BYTES, REPLICA_BYTES = 1 << 40, 24 << 30, 6 << 30
POLICY = ScalingPolicy()
HUNG = "NVML has not answered for 5 s"
DIED = "the engine's process ended with signal 9; a new one starts"


class Site:
    """`step` goes a second on."""

    def __init__(self, planned: Planned, begin_s: float) -> None:
        self._spec, self._begin_s = planned.spec, begin_s
        self._random = Random(SEED)
        self._pools = [Pool(each, self._random) for each in planned.spec.variants]
        self._gpus, self._gateway = Gpus(planned.gpus, self._random), Gateway(Random(SEED))
        self._prior = pool_prior(planned.spec.variants)
        self._memory: PoolMemory | None = None
        self._decisions: tuple[Decided, ...] = ()
        self._told: tuple[Gpu, ...] = ()
        self._told_s = begin_s
        for pool in self._pools:
            pool.ask(pool.variant.num_replicas, -3600.0)

    def step(self, second: float) -> Reading:
        """All that comes and is served in one second, what the rule makes of it, and what is told then."""
        for pool in self._pools:
            pool.settle(second)
        self._fail(second)
        self._arrive(second)
        for each in self._serving(second):
            served = each.engine.step(second, self._pace(each, second))
            at_s, prompt_tokens = self._begin_s + second, each.engine.speed.prompt_tokens
            self._gateway.served(each.replica_id, each.variant, prompt_tokens, served, at_s)
        self._decide(second)
        return self._reading(second)

    # -- what happens

    @property
    def _replicas(self) -> list[SimulatedReplica]:
        return [each for pool in self._pools for each in pool.replicas]

    def _serving(self, second: float) -> list[SimulatedReplica]:
        return [each for each in self._replicas if each.started(second) and each.ready]

    def _arrive(self, second: float) -> None:
        """Evenly over the second; each goes to the replica with the least to do for what it can."""
        count = course.requests_per_s(second) * self._random.uniform(0.9, 1.1)
        tokens = self._prior.generation_tokens
        for place in range(round(count)):
            length = 16 + self._random.expovariate(1 / (tokens - 16))
            self._send(Request(second - 1 + place / count, length), second)

    def _send(self, request: Request, second: float) -> None:
        able = [each for each in self._replicas if each.serves(second)]
        chosen = min(able, key=lambda each: (each.engine.unfinished + 1) / each.engine.speed.saturation_tok_s)
        chosen.engine.waiting.append(request)

    def _fail(self, second: float) -> None:
        """An engine dies; when Ray Serve has noticed that, another replica is begun."""
        pool, trouble = self._pools[0], course.ENGINE_DIES
        if trouble.holds(second):
            self._lose(pool.replicas[0], second)
        elif second == trouble.end_s:
            pool.replace(pool.replicas[0], second)

    def _lose(self, replica: SimulatedReplica, second: float) -> None:
        replica.ready, replica.reason = False, DIED
        for request in replica.engine.lost():
            self._gateway.retried(replica.replica_id)
            request.tries += 1
            self._send(request, second)

    def _pace(self, replica: SimulatedReplica, second: float) -> float:
        hot = self._hot_device in replica.devices and course.GPU_IS_HOT.holds(second)
        return course.HOT_SPEED if hot else 1.0

    @property
    def _hot_device(self) -> str:
        return self._pools[0].variant.engine.gpu_sets[course.HOT_GPU][0]

    # -- what is decided

    def _decide(self, second: float) -> None:
        scaling = self._spec.scaling
        assert scaling is not None
        there = {pool.variant.name: len(pool.staying) for pool in self._pools}
        before = self._decisions[-1].decision.replicas if self._decisions else there
        decision, self._memory = pool_step(self._seen(second), scaling.goal, POLICY, self._prior, self._memory)
        for pool in self._pools:
            pool.ask(decision.replicas[pool.variant.name], second)
        if decision.replicas != before or not self._decisions:
            self._decisions = (*self._decisions, Decided(self._begin_s + second, decision, before))

    def _seen(self, second: float) -> PoolSeen:
        variants = tuple(self._variant(pool, second) for pool in self._pools)
        return PoolSeen(self._begin_s + second, variants, self._gateway.answered_total, 0.0, self._gateway.first_tokens)

    def _variant(self, pool: Pool, second: float) -> VariantSeen:
        bounds, there = pool.variant.bounds, [each for each in pool.replicas if each.serves(second)]
        assert bounds is not None
        samples = {each.replica_id: each.sample(second) for each in there}
        name, most = pool.variant.name, bounds.max_replicas
        return VariantSeen(name, bounds.min_replicas, most, len(pool.staying), samples, self._gateway.tpots(name))

    # -- what is told

    def _reading(self, second: float) -> Reading:
        at_s = self._begin_s + second
        hung = course.DRIVER_HANGS.holds(second)
        told = self._gpus.step(second, dict(self._uses()))
        if not hung:
            self._told, self._told_s = told, at_s
        gpus = SourceState(carried.GPUS, self._told_s, HUNG if hung else None)
        sources = (SourceState(carried.SERVE, at_s), SourceState(carried.GATEWAY, at_s), gpus)
        traffic = self._gateway.traffic(sum(each.engine.unfinished for each in self._replicas))
        return Reading(at_s, self._fleet(second), traffic, (self._host(),), self._decisions, sources)

    def _host(self) -> HostReading:
        """Its processor passes on what engines write, and each replica has some of its memory."""
        streams = sum(len(each.engine.running) for each in self._replicas)
        used_bytes = IDLE_BYTES + len(self._replicas) * REPLICA_BYTES
        load = HostLoad(CORES, min(100.0, 2.0 + STREAM_PERCENT * streams), used_bytes, MEMORY_BYTES)
        return HostReading(HOST, self._told, load, frozenset({""}))

    def _uses(self) -> Iterator[tuple[str, Use]]:
        for pool in self._pools:
            for each in pool.replicas:
                yield each.devices[0], Use(each.engine.busy, pool.variant.predicted.memory_bytes)

    def _fleet(self, second: float) -> Fleet:
        gateway = Replica("gw5k2p8x", GATEWAY, "RUNNING", None, None, self._begin_s - 3700.0)
        replicas = (*(each.seen(second, self._begin_s) for each in self._replicas), gateway)
        wanted = sum(len(pool.staying) for pool in self._pools)
        targets = {GATEWAY: 1, **{pool.variant.name: len(pool.staying) for pool in self._pools}}
        application = Application("RUNNING", "", wanted, replicas, targets)
        last = self._decisions[-1] if self._decisions else None
        return fleet_of(self._spec, "http://127.0.0.1:8000/v1", application, True, last)
