"""Pools as Ray Serve's controller would tell of them, look by look, for tests."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from orchestrator.core.fleet import Decided
from orchestrator.core.scaling.decision import DecisionStep, ScalingDecision
from orchestrator.core.scaling.goal import ScalingGoal
from orchestrator.core.scaling.own_ttft import FirstTokens
from orchestrator.core.scaling.policy import ScalingPolicy
from orchestrator.core.scaling.pool import pool_step
from orchestrator.core.scaling.pool_memory import PoolMemory
from orchestrator.core.scaling.pool_state import Changes, PoolState
from orchestrator.core.scaling.prior import PoolPrior, TokenWork, VariantPrior
from orchestrator.core.scaling.seen import PoolSeen, ReplicaSample, VariantSeen
from orchestrator.core.scaling.told import ScalingTold
from orchestrator.core.scaling.tpot_spread import TpotCounts

NAME = "demo"
COLD_START_S = 4.0
TOKENS = 100.0  # of an answer; a replica writes so many a second in each of its places
PRIOR = PoolPrior(
    TokenWork(0.0, 0.01), 1.0, 100.0, {NAME: VariantPrior(4.0, COLD_START_S)}
)  # a request is a unit of work
POLICY = ScalingPolicy(least_hold_s=20.0, idle_s=20.0, empty_s=20.0)
PLACES = 4
BEGIN_S = 1_000_000.0


@dataclass
class PoolRun:
    """A pool in which requests of one second each are spread evenly; a replica takes four of them at once."""

    least: int = 1
    most: int = 6
    now_s: float = BEGIN_S
    asked: int = 1
    ages_s: dict[str, float] = field(default_factory=lambda: {"r0": 100.0})  # of those that are ready
    tokens: dict[str, float] = field(default_factory=lambda: {"r0": 5000.0})
    starting_s: list[float] = field(default_factory=list)
    waiting: float = 0.0
    answered: float = 0.0
    comes_up: bool = True
    goal: ScalingGoal = field(default_factory=ScalingGoal)
    first_tokens: FirstTokens | None = None
    tpots: TpotCounts = field(default_factory=dict)
    aside: int = 0  # replicas besides
    memory: PoolMemory | None = None
    decision: ScalingDecision | None = None
    last: PoolSeen | None = None

    def run(self, seconds: int, requests_a_second: float) -> list[int]:
        """What is asked for, look by look."""
        return [self.step(requests_a_second) for _ in range(seconds)]

    def step(self, requests_a_second: float) -> int:
        self._pass(requests_a_second)
        return self.look(self.seen(requests_a_second))

    def look(self, seen: PoolSeen) -> int:
        self.last = seen
        self.decision, self.memory = pool_step(seen, self.goal, POLICY, PRIOR, self.memory)
        self._ask(self.decision.replicas[NAME])
        return self.asked

    def seen(self, running: float = 0.0) -> PoolSeen:
        replicas = {name: self.sample(name, running) for name in self.ages_s}
        variants = (VariantSeen(NAME, self.least, self.most, self.asked, replicas, self.tpots, self.aside),)
        return PoolSeen(self.now_s, variants, self.answered, 0.0, self.first_tokens)

    def said(self, name: str) -> DecisionStep | None:
        """The step of this name of the last decision."""
        assert self.decision is not None
        return next((step for step in self.decision.steps if step.name == name), None)

    def sample(self, name: str, running: float) -> ReplicaSample:
        each = len(self.ages_s)
        waits = self.waiting / each
        return ReplicaSample(
            self.ages_s[name], PLACES if waits else min(PLACES, running / each), waits, 0.0, self.tokens[name], PLACES
        )

    def told(self, sample: ReplicaSample | None) -> PoolSeen:
        """What is seen when every replica tells this."""
        seen = self.seen()
        (variant,) = seen.variants
        return replace(seen, variants=(replace(variant, replicas=dict.fromkeys(variant.replicas, sample)),))

    def _pass(self, requests: float) -> None:
        """One second goes by."""
        self.now_s += 1
        self.starting_s = [at_s for at_s in self.starting_s if not self._ready(at_s)]
        served = min(self.waiting + requests, PLACES * len(self.ages_s))
        self.waiting += requests - served
        self.answered += served
        for name in self.ages_s:
            self.ages_s[name] += 1
            self.tokens[name] += served / len(self.ages_s) * TOKENS

    def _ready(self, at_s: float) -> bool:
        ready = self.comes_up and self.now_s - at_s >= COLD_START_S
        if ready:
            name = f"r{self.now_s:g}-{len(self.ages_s)}"
            self.ages_s[name], self.tokens[name] = 0.0, 0.0
        return ready

    def _ask(self, count: int) -> None:
        self.asked = count
        while len(self.ages_s) > count:
            self.tokens.pop(self.ages_s.popitem()[0])
        del self.starting_s[max(0, count - len(self.ages_s)) :]
        self.starting_s += [self.now_s] * (count - len(self.ages_s) - len(self.starting_s))


def told_of(run: PoolRun) -> ScalingTold:
    """What the policy of a pool that was looked at tells, with a change that was its last decision."""
    assert run.decision is not None
    assert run.memory is not None
    state = PoolState(run.goal, POLICY, PRIOR, run.decision, run.memory, {NAME: Changes(2, 1)})
    return ScalingTold(state, (Decided(run.memory.looked_at_s, run.decision, {NAME: 1}),))
