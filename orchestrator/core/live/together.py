"""What several gateways of one fleet tell, as one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from orchestrator.core.answered import Answered
from orchestrator.core.fleet import Decided
from orchestrator.core.held import Held
from orchestrator.core.live.histogram import together
from orchestrator.core.live.reading import EngineTraffic, Traffic

REQUESTS = 100  # of all gateways together


def traffic_together(several: Sequence[Traffic]) -> Traffic | None:
    """None where none tells; engines are told of by each gateway that has asked them."""
    if not several:
        return None
    return Traffic(
        in_flight=sum(each.in_flight for each in several),
        answered_total=sum(each.answered_total for each in several),
        failed_total=sum(each.failed_total for each in several),
        retries_total=sum(each.retries_total for each in several),
        ttft=together(tuple(each.ttft for each in several)),
        tpot=together(tuple(each.tpot for each in several)),
        engines=_engines([each.engines for each in several]),
        requests=_latest(one for each in several for one in each.requests),
        failed_requests=_latest(one for each in several for one in each.failed_requests),
    )


def held_together(several: Sequence[Held]) -> Held | None:
    """None where nothing is held."""
    if not several:
        return None
    return Held(
        requests=sum(each.requests for each in several),
        prompt_tokens=sum(each.prompt_tokens for each in several),
        oldest_since_s=min(each.oldest_since_s for each in several),
        expected_wait_s=max(each.expected_wait_s for each in several),
        engines_full=all(each.engines_full for each in several),
    )


def latest(several: Sequence[Decided | None]) -> Decided | None:
    """The decision that was made last, as not all have heard of it; None where none tells of one."""
    return max((each for each in several if each), key=lambda each: each.at_s, default=None)


def _latest(ended: Iterable[Answered]) -> tuple[Answered, ...]:
    return tuple(sorted(ended, key=lambda one: one.at_s)[-REQUESTS:])


def _engines(several: Sequence[Mapping[str, EngineTraffic]]) -> dict[str, EngineTraffic]:
    names = dict.fromkeys(name for each in several for name in each)
    return {name: _engine([each[name] for each in several if name in each]) for name in names}


def _engine(several: Sequence[EngineTraffic]) -> EngineTraffic:
    failed = sum(each.failed_total for each in several)
    return EngineTraffic(failed, together(tuple(each.ttft for each in several)))
