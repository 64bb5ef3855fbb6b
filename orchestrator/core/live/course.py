"""Where the window of each counter begins: with the readings, or later where it was not there or began anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, NamedTuple, TypeVar

from orchestrator.core.fleet import EngineView
from orchestrator.core.live.carried import GATEWAY, SERVE
from orchestrator.core.live.rates import engines
from orchestrator.core.live.reading import EngineTraffic, Reading, Traffic
from orchestrator.core.live.restarts import Restarts

T = TypeVar("T")
FLEET = ""  # the one key where there is one counter


class Window(NamedTuple, Generic[T]):
    """A counter as its window began and as it is, so many seconds later."""

    then: T
    now: T
    seconds: float


@dataclass(frozen=True)
class Course:
    """What came before the fleet as it is: in the window by replica, and of restarts by deployment."""

    engines: Mapping[str, Window[EngineView]] = field(default_factory=dict)
    answers: Mapping[str, Window[EngineTraffic]] = field(default_factory=dict)
    traffic: Window[Traffic] | None = None
    restarts: Mapping[str, Restarts] = field(default_factory=dict)


def course(readings: Sequence[Reading], restarts: Mapping[str, Restarts], before: Course) -> Course:
    """Of the readings of a window, of which the last is of now; of a silent source, as it was before."""
    engines_told, answers_told = _heard(readings, SERVE, GATEWAY), _heard(readings, GATEWAY)
    course = replace(before, restarts=restarts)
    if engines_told:
        course = replace(course, engines=_windows(engines_told, lambda each: engines(each.fleet), _engine_follows))
    if answers_told:
        course = replace(
            course,
            answers=_windows(answers_told, _answers, _answers_follow),
            traffic=_windows(answers_told, _traffic, _traffic_follows).get(FLEET),
        )
    return course


def _heard(readings: Sequence[Reading], *names: str) -> list[Reading]:
    """Those in which all these sources spoke; none where one of them is silent now."""
    heard = [each for each in readings if not any(source.error for source in each.sources if source.name in names)]
    return heard if heard and heard[-1] is readings[-1] else []


def _answers(reading: Reading) -> Mapping[str, EngineTraffic]:
    return reading.traffic.engines if reading.traffic else {}


def _traffic(reading: Reading) -> dict[str, Traffic]:
    return {FLEET: reading.traffic} if reading.traffic else {}


def _windows(
    readings: Sequence[Reading], told: Callable[[Reading], Mapping[str, T]], follows: Callable[[T, T], bool]
) -> dict[str, Window[T]]:
    """Later readings are looked at only for those that the earlier do not tell of."""
    *earlier, last = readings
    left, found = dict(told(last)), dict[str, Window[T]]()
    for each in earlier:
        if not left:
            break
        then, seconds = told(each), last.at_s - each.at_s
        begun = {name: Window(then[name], now, seconds) for name, now in left.items() if name in then}
        found |= {name: window for name, window in begun.items() if follows(window.then, window.now)}
        left = {name: now for name, now in left.items() if name not in found}
    return found


def _engine_follows(then: EngineView, now: EngineView) -> bool:
    return then.generation_tokens_total <= now.generation_tokens_total and (
        then.prompt_tokens_total <= now.prompt_tokens_total
    )


def _answers_follow(then: EngineTraffic, now: EngineTraffic) -> bool:
    return then.failed_total <= now.failed_total and then.ttft.total <= now.ttft.total


def _traffic_follows(then: Traffic, now: Traffic) -> bool:
    return then.answered_total <= now.answered_total and then.failed_total <= now.failed_total
