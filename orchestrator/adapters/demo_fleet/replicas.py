"""The replicas of a simulated variant: they start, serve on a GPU of their own, fail, drain and go."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from orchestrator.adapters.demo_fleet.engine import Engine
from orchestrator.core.deployment import Variant
from orchestrator.core.fleet import EngineView, Replica
from orchestrator.core.prediction import Prediction
from orchestrator.core.scaling.seen import ReplicaSample
from orchestrator.core.start_steps import LOADING

DRAIN_S = 12.0
PLACED_S = 3.0  # until Ray Serve has made a place for an engine
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


@dataclass
class SimulatedReplica:
    """One; times are seconds of the simulation."""

    replica_id: str
    variant: str
    revision: str
    devices: tuple[str, ...]
    engine: Engine
    max_model_len: int
    asked_s: float
    ready_s: float
    reason: str = "answers completions"
    ready: bool = True
    leaves_s: float | None = None

    def started(self, second: float) -> bool:
        return second >= self.ready_s

    def serves(self, second: float) -> bool:
        return self.started(second) and self.ready and self.leaves_s is None

    def seen(self, second: float, begin_s: float) -> Replica:
        """As Ray Serve and the gateway tell of it."""
        state = "STOPPING" if self.leaves_s is not None else "RUNNING" if self.started(second) else "STARTING"
        engine = self._told(begin_s) if self.started(second) else None
        return Replica(self.replica_id, self.variant, state, None, None, begin_s + self.asked_s, engine)

    def sample(self, second: float) -> ReplicaSample:
        engine = self.engine
        return ReplicaSample(
            second - self.ready_s + 1.0, len(engine.running), len(engine.waiting), engine.prompt_tokens_total,
            engine.generation_tokens_total, engine.max_num_seqs,
        )  # fmt: skip

    def _told(self, begin_s: float) -> EngineView:
        engine = self.engine
        return EngineView(
            pid=0,
            port=0,
            ready=self.ready,
            reason=self.reason,
            load_s=self.ready_s - self.asked_s - PLACED_S,
            max_num_seqs=engine.max_num_seqs,
            in_flight=engine.unfinished,
            num_requests_running=len(engine.running),
            num_requests_waiting=len(engine.waiting),
            prompt_tokens_total=round(engine.prompt_tokens_total),
            generation_tokens_total=round(engine.generation_tokens_total),
            generation_s_total=engine.generation_s_total,
            kv_cache_usage=round(min(1.0, engine.tokens_held / self.max_model_len), 2),
            devices=self.devices,
            started_at_s=begin_s + self.asked_s + PLACED_S,
            prefix_cache_queries_total=round(engine.prompt_tokens_total),
            prefix_cache_hits_total=round(engine.prefix_cache_hits_total),
            revision=self.revision,
            start_steps={LOADING: self.ready_s - self.asked_s - PLACED_S},
        )


class Pool:
    """The replicas of one variant."""

    def __init__(self, variant: Variant, random: Random) -> None:
        assert variant.predicted.speed is not None
        self.variant = variant
        self.replicas: list[SimulatedReplica] = []
        self._speed: Prediction = variant.predicted.speed
        self._random = random

    @property
    def staying(self) -> list[SimulatedReplica]:
        return [each for each in self.replicas if each.leaves_s is None]

    def ask(self, count: int, second: float) -> None:
        """So many shall be there; the latest go first, when they have drained."""
        for _ in range(count - len(self.staying)):
            self._start(second)
        for each in self.staying[count:]:
            each.leaves_s = second + DRAIN_S

    def replace(self, replica: SimulatedReplica, second: float) -> None:
        """Another in its place, as Ray Serve does with one whose engine is gone."""
        self.replicas.remove(replica)
        self._start(second)

    def settle(self, second: float) -> None:
        """Those that have drained are gone."""
        self.replicas = [each for each in self.replicas if each.leaves_s is None or second < each.leaves_s]

    def _start(self, second: float) -> None:
        taken = {each.devices for each in self.replicas}
        free = next((each for each in self.variant.engine.gpu_sets if each not in taken), None)
        if free is None:
            return
        name = "".join(self._random.choices(LETTERS, k=8))
        spec, ready_s = self.variant.engine, second + PLACED_S + self._speed.cold_start_s
        engine = Engine(self._speed, spec.max_num_seqs)
        revision = f"{spec.profile}, simulated {spec.engine}"
        self.replicas.append(
            SimulatedReplica(name, self.variant.name, revision, free, engine, spec.max_model_len, second, ready_s)
        )
