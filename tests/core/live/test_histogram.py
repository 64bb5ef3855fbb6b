"""Percentiles out of cumulative counts, held against what prometheus_client counts of the same observations."""

from __future__ import annotations

from math import ceil, inf, isfinite, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client import Histogram as Counted

from orchestrator.core.live.histogram import NOTHING, Histogram, quantile, since
from tests.core.live.made import histogram

BOUNDS = (0.01, 0.1, 1.0, 10.0)
seconds = st.lists(st.floats(0, 20), min_size=1, max_size=60)


def counted(observations: list[float]) -> Histogram:
    metric = Counted("a", "", buckets=BOUNDS, registry=CollectorRegistry())
    for each in observations:
        metric.observe(each)
    samples = [each for each in metric.collect()[0].samples if each.name == "a_bucket"]
    return Histogram(tuple(float(each.labels["le"]) for each in samples), tuple(each.value for each in samples))


@given(seconds, st.floats(0.01, 1))
def test_a_quantile_lies_in_the_bucket_of_the_observation_that_it_is(observed: list[float], share: float) -> None:
    told = quantile(counted(observed), share)
    true = sorted(observed)[ceil(share * len(observed) - 1e-9) - 1]
    above = next((bound for bound in BOUNDS if true <= bound), BOUNDS[-1])
    below = max((bound for bound in (0.0, *BOUNDS) if bound < above), default=0.0)
    assert told is not None
    assert below <= told <= above


@given(seconds, st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_never_took_less(observed: list[float], one: float, other: float) -> None:
    less, more = (quantile(counted(observed), share) for share in sorted((one, other)))
    assert less is not None
    assert more is not None
    assert less <= more


@given(seconds, seconds)
def test_what_came_in_between_is_what_was_observed_in_between(before: list[float], after: list[float]) -> None:
    assert since(counted(before), counted(before + after)) == counted(after)


def test_within_a_bucket_it_is_linear() -> None:
    assert quantile(histogram(0, 10, 10), 0.5) == pytest.approx(0.1 + 0.9 * 0.5)
    assert quantile(histogram(10, 10, 10), 0.5) == pytest.approx(0.05)


def test_beyond_the_last_bound_it_is_that_bound() -> None:
    assert quantile(histogram(0, 1, 100), 0.99) == 1.0
    assert quantile(Histogram((inf,), (5.0,)), 0.5) is None


@pytest.mark.parametrize("empty", [NOTHING, histogram(0, 0, 0), Histogram((), ())])
def test_of_nothing_there_is_no_quantile(empty: Histogram) -> None:
    assert quantile(empty, 0.99) is None


@pytest.mark.parametrize("counts", [(nan, nan, nan), (1, 2, nan), (1, 2, inf), (-3, -2, -1)])
def test_counts_that_are_no_counts_have_no_quantile(counts: tuple[float, ...]) -> None:
    assert quantile(histogram(*counts), 0.5) is None


@given(st.tuples(*[st.sampled_from([nan, inf, -inf, -5.0, 0.0, 1.0, 1e300])] * 3), st.floats(0, 1))
def test_whatever_the_counts_are_a_quantile_is_a_number_or_none(counts: tuple[float, ...], share: float) -> None:
    found = quantile(histogram(*counts), share)
    assert found is None or isfinite(found)


@pytest.mark.parametrize("before", [histogram(5, 6, 7), histogram(1, 1, bounds=(0.5, inf)), NOTHING])
def test_of_a_counter_that_began_anew_all_is_new(before: Histogram) -> None:
    assert since(before, histogram(1, 2, 3)) == histogram(1, 2, 3)
