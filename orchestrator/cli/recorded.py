"""What `qorch simulate` knows of a fleet: the load that it recorded, and what it has learned of its replicas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.cli import compose
from orchestrator.cli.compose.places import ClusterPlace
from orchestrator.cli.output import TerminalReporter
from orchestrator.core.errors import EnvironmentNotReady, UsageError

if TYPE_CHECKING:
    from orchestrator.core.scaling.demand import Demand
    from orchestrator.core.scaling.load_minutes import LoadMinute


@dataclass(frozen=True)
class RecordedFleet:
    """Of its first variant; `minutes` is empty where no fleet is asked about."""

    minutes: tuple[LoadMinute, ...] = ()
    capacity_tok_s: float | None = None
    cold_start_s: float = 120.0
    prompt_ratio: float = 20.0

    def demand(self, prompt_ratio: float) -> Demand:
        from orchestrator.adapters.traces.recording import recorded_demand

        return recorded_demand(self.minutes, prompt_ratio)


UNKNOWN = RecordedFleet()


def recorded_fleet(name: str, place: ClusterPlace | None, reporter: TerminalReporter) -> RecordedFleet:
    """Raises UsageError where it has recorded no request, EnvironmentNotReady where a cluster does not tell."""
    from orchestrator.core.scaling.load_minutes import unbroken

    try:
        minutes = tuple(unbroken(compose.fleets.history(name, place).minutes()))
    except EnvironmentNotReady as error:
        if place is not None:
            raise
        raise _nothing(error.message) from error
    if not any(each.generation_tokens for each in minutes):
        raise _nothing(f"the fleet {name!r} has recorded no request")
    found = _with_learned(name, place, minutes)
    requests = sum(each.requests for each in minutes)
    reporter.done("read", f"the fleet {name!r}: {requests:,.0f} requests in {len(minutes):,} minutes")
    if found.capacity_tok_s is not None:
        replica = f"{found.capacity_tok_s:,.0f} tok/s, ready after {found.cold_start_s:.1f} s"
        reporter.done("read", f"a replica, as it has learned: {replica}")
    return found


def _with_learned(name: str, place: ClusterPlace | None, minutes: tuple[LoadMinute, ...]) -> RecordedFleet:
    state = compose.fleets.scaling_state(name, place)
    known = [each for each in state.decision.replicas if each in state.memory.capacities] if state else []
    if state is None or not known:
        return RecordedFleet(minutes)
    first = known[0]
    cold_start_s = state.memory.cold_starts[first].usual_s
    return RecordedFleet(minutes, state.generation_tok_s[first], cold_start_s, state.prior.work.prompt_ratio)


def _nothing(why: str) -> UsageError:
    return UsageError(f"expected a trace, or --shape: {why}", hint="qorch simulate --shape diurnal")
