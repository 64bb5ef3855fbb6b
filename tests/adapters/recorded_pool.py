"""A pool under load whose history is written to a file."""

from __future__ import annotations

from dataclasses import dataclass, field

from orchestrator.adapters.history_writer import HistoryWriter, Watched
from orchestrator.core.fleet import Decided
from orchestrator.core.scaling.looks import Look
from tests.core.scaling.seen_pools import POLICY, PRIOR, PoolRun


@dataclass
class Recorded:
    """A pool whose looks are written, five at a time."""

    writer: HistoryWriter
    run: PoolRun = field(default_factory=PoolRun)

    def write(self, seconds: int, requests: float = 9.0) -> None:
        for _ in range(seconds // 5):
            before, watched = self.run.memory, [self.look(requests) for _ in range(5)]
            self.writer.add(before, watched, [decided(watched[-1][0])])

    def look(self, requests: float) -> Watched:
        return looked(self.run, requests)


def looked(run: PoolRun, requests: float) -> Watched:
    """One second under that load, as it is recorded."""
    run.step(requests)
    assert run.memory is not None
    assert run.decision is not None
    assert run.last is not None
    return Look(run.last, run.goal, POLICY, PRIOR, run.decision), run.memory


def decided(look: Look) -> Decided:
    return Decided(look.seen.now_s, look.decision, {"demo": 1})
