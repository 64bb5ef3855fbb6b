"""Several gateways as one."""

from __future__ import annotations

from math import inf

from orchestrator.core.held import Held
from orchestrator.core.live.histogram import Histogram
from orchestrator.core.live.reading import EngineTraffic, Traffic
from orchestrator.core.live.together import REQUESTS, held_together, traffic_together
from tests.core.live.made import answered


def histogram(*counts: float) -> Histogram:
    return Histogram((0.1, inf), counts)


def test_what_gateways_count_is_added_up() -> None:
    one = Traffic(1, 10.0, 1.0, 2.0, histogram(1, 2), histogram(3, 4), {"a": EngineTraffic(1.0, histogram(1, 1))})
    other = Traffic(2, 5.0, 0.0, 1.0, histogram(2, 2), histogram(0, 1), {"b": EngineTraffic(2.0, histogram(0, 2))})
    both = traffic_together((one, other))
    assert both is not None
    assert (both.in_flight, both.answered_total, both.failed_total, both.retries_total) == (3, 15.0, 1.0, 3.0)
    assert (both.ttft.counts, both.tpot.counts) == ((3, 4), (3, 5))
    assert both.engines == {**one.engines, **other.engines}


def test_an_engine_that_two_gateways_have_asked_is_one() -> None:
    each = Traffic(engines={"a": EngineTraffic(1.0, histogram(1, 2))})
    both = traffic_together((each, each))
    assert both is not None
    assert both.engines == {"a": EngineTraffic(2.0, histogram(2, 4))}


def test_nobody_tells_nothing() -> None:
    assert traffic_together(()) is None
    assert held_together(()) is None


def test_the_oldest_of_all_that_is_held_is_told_and_engines_are_full_where_each_gateway_says_so() -> None:
    both = held_together((Held(2, 20, 100.0, 5.0, True), Held(1, 5, 90.0, 9.0, False)))
    assert both == Held(3, 25, 90.0, 9.0, False)


def test_the_requests_of_all_gateways_come_in_the_order_of_their_ends_and_only_the_last() -> None:
    failed = (answered(at_s=2.0, outcome="engine_died"),)
    one = Traffic(requests=tuple(answered(at_s=2.0 * number) for number in range(REQUESTS)), failed_requests=failed)
    other = Traffic(requests=tuple(answered(at_s=2.0 * number + 1) for number in range(REQUESTS)))
    both = traffic_together([one, other])
    assert both is not None
    assert both.failed_requests == failed
    assert [each.at_s for each in both.requests] == [float(number) for number in range(REQUESTS, 2 * REQUESTS)]
