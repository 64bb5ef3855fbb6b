"""bench.autoscaling: its page, and the traffic in bench/data."""

from __future__ import annotations

import re

import pytest

from bench.autoscaling import COLD_STARTS_S, MEAN_REPLICAS, PAGE, SHAPES, TRACES, outcomes, rows
from bench.autoscaling_minutes import RECORDING, minutes
from orchestrator.adapters.traces import read_trace
from orchestrator.adapters.traces.arrivals import Arrival
from orchestrator.core.scaling.compare import POLICIES
from orchestrator.core.scaling.demand import Demand

DAY_S = 86400


@pytest.fixture(scope="module")
def fortnight() -> Demand:
    return read_trace(RECORDING, 20.0)


def test_minutes_of_traffic_are_a_recording_to_four_digits():
    seconds = [Arrival(float(t_s), 1234.5, 10.0, 1.0) for t_s in range(90)]
    assert list(minutes(seconds)) == [
        "t_s,requests,prompt_tokens,generation_tokens",
        "0,74070,600,60",
        "60,37040,300,30",
    ]


def test_the_traffic_in_data_is_a_fortnight(fortnight: Demand):
    assert fortnight.duration_s == 14 * DAY_S
    assert sum(fortnight.requests) / fortnight.duration_s == pytest.approx(1174, rel=0.01)  # a second, as published


def test_two_days_of_it_are_replayed_to_what_is_known_of_the_rules(fortnight: Demand):
    days = Demand(1.0, fortnight.work[: 2 * DAY_S], fortnight.requests[: 2 * DAY_S])
    found = outcomes(days, 120.0, ("qorch", "ray-serve", "dynamo", "clairvoyant"))
    assert found["clairvoyant"].attainment > 0.9999
    assert found["qorch"].attainment > 0.998
    assert 1 <= found["clairvoyant"].ratio < found["qorch"].ratio < found["ray-serve"].ratio
    assert found["qorch"].attainment > found["dynamo"].attainment
    assert len(list(rows(found))) == 4
    assert found["qorch"].peak_replicas < 5 * MEAN_REPLICAS


def test_the_page_has_every_trace_shape_cold_start_and_policy():
    text = PAGE.read_text()
    assert len(re.findall("^## ", text, re.MULTILINE)) == (len(TRACES) + len(SHAPES)) * len(COLD_STARTS_S)
    for name in POLICIES:
        assert len(re.findall(rf"^\| (\*\*)?{name}(\*\*)? \|", text, re.MULTILINE)) == text.count("\n## ")
