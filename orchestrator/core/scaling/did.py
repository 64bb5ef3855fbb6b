"""What the replicas of a pool did since the look before, all together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.core.scaling.mean_request import NOTHING, Served
from orchestrator.core.scaling.replica_track import Gain
from orchestrator.core.scaling.seen import ReplicaSample

Gained = Sequence[tuple[ReplicaSample, Gain]]  # of the replicas that told something, with what each told last


@dataclass(frozen=True)
class Did:
    """Sums over the replicas that told something, in their order, in which they are the same bit for bit again."""

    telling: int = 0  # replicas
    served: Served = NOTHING
    unfinished: float = 0.0  # requests
    unfinished_before: float = 0.0  # at the look before
    lasting: float = 0.0  # requests that were unfinished at both
    waiting: float = 0.0  # requests that no replica has begun
    full: bool = False  # whether another request would have to wait at one of them


NOTHING_DONE = Did()


def and_did(did: Did, gained: Gained) -> Did:
    """With some replicas more."""
    return Did(
        did.telling + len(gained),
        Served(
            sum([gain.served for _, gain in gained], did.served.work),
            sum([gain.generated for _, gain in gained], did.served.generation_tokens),
        ),
        sum([sample.unfinished for sample, _ in gained], did.unfinished),
        sum([gain.unfinished for _, gain in gained], did.unfinished_before),
        sum([min(gain.unfinished, sample.unfinished) for sample, gain in gained if gain.seconds], did.lasting),
        sum([sample.num_requests_waiting for sample, _ in gained], did.waiting),
        did.full or any(sample.full for sample, _ in gained),
    )
