"""Snapshots over a course of readings: rates, restarts and events, whatever counters, clocks and sources do."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import accumulate, pairwise, starmap
from math import isfinite, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.deployment import GATEWAY as GATEWAY_DEPLOYMENT
from orchestrator.core.fleet import Decided, EngineView
from orchestrator.core.live.carried import GATEWAY, SERVE
from orchestrator.core.live.reading import EngineTraffic, GpuCount, Reading, SourceState, Traffic
from orchestrator.core.live.snapshot import Snapshot
from orchestrator.core.live.watch import STEP_S, WINDOW_S, WatchMemory, watched
from orchestrator.core.scaling.decision import ScalingDecision
from tests.core.live.made import BEGIN_S, VARIANT, dead, fleet, gpu, histogram, on_host, reading, replica, silent, view


def course(*readings: Reading) -> list[Snapshot]:
    """The snapshot after each."""
    memory, made = WatchMemory(), []
    for each in readings:
        snapshot, memory = watched("mine", each, memory)
        made.append(snapshot)
    return made


def writing(after_s: float, generated: int, **fields: object) -> Reading:
    return reading(after_s, fleet(replica("a", view(generated))), **fields)


def tok_s(*readings: Reading) -> list[float | None]:
    return [each.summary.generation_tok_s for each in course(*readings)]


def test_rates_are_those_of_the_window() -> None:
    assert tok_s(writing(0, 0), writing(1, 100), writing(2, 100)) == [None, 100.0, 50.0]


def test_what_is_older_than_the_window_counts_no_more() -> None:
    begin = [writing(after_s, 0) for after_s in range(10)]
    assert tok_s(*begin, writing(10 + WINDOW_S, 300))[-1] is None  # a viewer that was suspended begins anew
    assert tok_s(writing(0, 0), writing(5, 0), writing(WINDOW_S + 1, 260))[-1] == 10.0


def test_a_counter_that_began_anew_has_a_rate_from_its_second_reading_on() -> None:
    assert tok_s(writing(0, 1000), writing(10, 10), writing(20, 110)) == [None, None, 10.0]


def test_a_replica_that_has_just_come_has_a_rate_from_its_second_reading_on() -> None:
    def both(after_s: float, one: int, other: int) -> Reading:
        return reading(after_s, fleet(replica("a", view(one)), replica("b", view(other))))

    *_, last = course(writing(0, 0), writing(10, 100), both(20, 200, 50), both(25, 250, 100))
    assert [row.generation_tok_s for row in last.replicas if row.deployment == VARIANT] == [10.0, 10.0]
    assert last.summary.generation_tok_s == 20.0


def test_a_gateway_that_began_anew_has_rates_from_its_second_reading_on() -> None:
    counts = ((0, 90), (10, 5), (20, 25))
    found = course(*(writing(at_s, 0, traffic=Traffic(0, answered)) for at_s, answered in counts))
    assert [each.summary.requests_per_s for each in found] == [None, None, 2.0]


def test_a_clock_that_went_back_begins_a_window_anew() -> None:
    found = tok_s(writing(0, 0), writing(10, 100), writing(4, 130), writing(5, 150))
    assert found == [None, 10.0, 32.5, 30.0]
    assert tok_s(writing(0, 0), writing(10, 100), writing(-100, 130)) == [None, 10.0, None]


def test_two_readings_of_one_moment_have_no_rate() -> None:
    assert tok_s(writing(0, 0), writing(0, 50)) == [None, None]


def test_a_gateway_that_is_silent_leaves_its_last_word_with_its_age() -> None:
    before = Traffic(3, 10.0)
    heard, unheard = course(writing(0, 500, traffic=before), reading(1, fleet(replica("a")), sources=silent(GATEWAY)))
    assert heard.summary.in_flight == unheard.summary.in_flight == 3
    assert [each.ready for each in unheard.replicas] == [True, True]
    assert unheard.sources[0].at_s == BEGIN_S


@pytest.mark.parametrize("source", [SERVE, GATEWAY])
def test_while_a_source_is_silent_rates_stand_and_what_it_missed_is_no_burst(source: str) -> None:
    """At ten tokens a second all along."""

    def unheard(after_s: float) -> Reading:
        replicas = (replica("a"),) if source == GATEWAY else ()
        return reading(after_s, fleet(*replicas), sources=silent(source))

    found = tok_s(writing(0, 0), writing(10, 100), *map(unheard, range(11, 60)), writing(60, 600), writing(61, 610))
    assert found[1:-2] == [10.0] * (len(found) - 3)
    assert found[-2:] == [None, 10.0]


def test_a_gateway_that_tells_again_what_it_told_last_has_no_rate_of_before_its_silence() -> None:
    unheard = (reading(after_s, fleet(replica("a")), sources=silent(GATEWAY)) for after_s in range(11, 60))
    heard = (SourceState(GATEWAY, BEGIN_S),)
    again = (writing(after_s, 100, sources=heard) for after_s in (60, 61))
    assert tok_s(writing(0, 0, sources=heard), writing(10, 100, sources=heard), *unheard, *again)[-3:] == [
        10.0,
        None,
        0.0,
    ]


def test_what_clients_got_stands_while_the_gateway_is_silent() -> None:
    def unheard(after_s: float) -> Reading:
        return reading(after_s, fleet(replica("a")), sources=silent(GATEWAY))

    spoken = [writing(at_s, 0, traffic=Traffic(0, at_s, at_s, 0.0, histogram(0, at_s, at_s))) for at_s in (0, 10)]
    found = [each.summary for each in course(*spoken, unheard(20), unheard(39))]
    assert found[1].requests_per_s == 1.0
    assert (found[1].errors_per_min, found[1].ttft_p99_s) == (60.0, pytest.approx(0.991))
    assert found[1:] == [found[1]] * 3


def test_a_serve_that_is_silent_loses_no_replica_and_no_restart() -> None:
    def wanting(after_s: float, name: str) -> Reading:
        return reading(after_s, fleet(replica(name, view()), targets={VARIANT: 1, GATEWAY_DEPLOYMENT: 1}))

    unheard = reading(2, fleet(targets={}), sources=silent(SERVE))
    found = course(wanting(0, "a"), wanting(1, "b"), unheard, wanting(3, "b"), wanting(4, "c"))
    assert [each.replicas[0].restarts for each in found] == [0, 1, 1, 1, 2]
    assert [each.replicas[0].replica_id for each in found] == ["a", "b", "b", "b", "c"]
    gone = [event.message for each in found for event in each.events if event.message.startswith("gone")]
    assert len(gone) == 2


def test_a_replica_that_died_is_told_of_and_its_reason_outlives_it() -> None:
    wanted = {VARIANT: 1, GATEWAY_DEPLOYMENT: 1}
    _, died, replaced = course(
        reading(0, fleet(replica("a", view()), targets=wanted)),
        reading(1, fleet(replica("a", dead("killed by SIGKILL")), targets=wanted)),
        reading(2, fleet(replica("b", state="STARTING"), targets=wanted)),
    )
    assert [event.message for event in died.events] == ["ready → failed: killed by SIGKILL"]
    assert (replaced.replicas[0].restarts, replaced.replicas[0].restart_reason) == (1, "killed by SIGKILL")


def test_of_a_fleet_that_is_not_there_only_its_gpus_and_sources_are_shown() -> None:
    (found,) = course(reading(0, None, hosts=on_host(gpu()), sources=silent(SERVE)))
    assert (found.fleet, found.phase, found.replicas, len(found.gpus)) == ("mine", "", (), 1)


def test_a_fleet_that_was_taken_down_and_came_again_is_followed() -> None:
    found = course(writing(0, 100), reading(1, None, sources=silent(SERVE)), writing(2, 50))
    assert [each.phase for each in found] == ["Ready", "", "Ready"]


def test_first_tokens_and_failures_of_each_engine_are_those_of_the_window() -> None:
    def with_engine(after_s: float, failed: float, *counts: float) -> Reading:
        return writing(after_s, 0, traffic=Traffic(engines={"a": EngineTraffic(failed, histogram(*counts))}))

    found = course(with_engine(0, 0, 5, 5, 5), with_engine(30, 2, 5, 15, 15))[-1].replicas[0]
    assert (found.errors_per_min, found.ttft_p50_s) == (4.0, 0.55)


lies = st.sampled_from([nan, float("inf"), -1.0, 0.0, 1e300])


@st.composite
def lying(draw: st.DrawFn) -> EngineView:
    return view(
        draw(st.integers(-5, 10**12)), draw(st.integers(-5, 10**12)), draw(lies), kv_cache_usage=draw(lies),
        load_s=draw(lies), started_at_s=draw(lies), prefix_cache_queries_total=draw(st.integers(-5, 5)),
        prefix_cache_hits_total=draw(st.integers(-5, 5)),
    )  # fmt: skip


@st.composite
def any_reading(draw: st.DrawFn) -> Reading:
    names = draw(st.sets(st.sampled_from("abc")))
    replicas = [
        replica(name, draw(st.none() | lying()), draw(st.sampled_from(["RUNNING", "STARTING", "STOPPING"])))
        for name in sorted(names)
    ]
    counts = draw(st.tuples(lies, lies, lies))
    traffic = Traffic(0, draw(lies), draw(lies), 0.0, histogram(*counts), histogram(*counts))
    seen = draw(st.none() | st.just(fleet(*replicas, targets={VARIANT: draw(st.integers(0, 3))})))
    gone = silent(*draw(st.sets(st.sampled_from([SERVE, GATEWAY]))))
    return reading(draw(st.floats(-60, 60)), seen, draw(st.none() | st.just(traffic)), sources=gone)


@given(st.lists(any_reading(), min_size=1, max_size=6))
def test_whatever_the_sources_say_there_is_a_snapshot_without_a_number_that_is_none(readings: list[Reading]) -> None:
    for snapshot in course(*readings):
        rows = [vars_of(each) for each in snapshot.replicas]
        for value in (*vars_of(snapshot.summary).values(), *(value for each in rows for value in each.values())):
            assert not isinstance(value, float) or isfinite(value)


def unlike(number: int, told: Reading) -> Reading:
    """As `told` in all that is shown, and not equal to any other."""
    seen = told.fleet and replace(told.fleet, loras=(str(number),))
    return replace(told, fleet=seen, traffic=told.traffic and replace(told.traffic, retries_total=float(number)))


@given(st.data(), st.lists(any_reading(), min_size=1, max_size=2))
def test_a_fleet_that_stands_still_is_shown_as_if_all_were_worked_out_anew(
    data: st.DataObject, told: list[Reading]
) -> None:
    steps = st.lists(st.tuples(st.sampled_from(told), st.sampled_from([1, 1, 1, 10, 31, 0, -5])), max_size=12)
    spoken, steps_s = zip(*[(told[0], 0), *data.draw(steps)], strict=True)
    readings = [replace(each, at_s=at_s) for each, at_s in zip(spoken, accumulate(steps_s), strict=True)]
    assert course(*readings) == course(*starmap(unlike, enumerate(readings)))


def test_of_a_fleet_that_stands_still_nothing_is_made_anew() -> None:
    _, second, third, fourth = course(*(writing(after_s, 0) for after_s in range(4)))
    assert second.replicas == third.replicas
    assert third.replicas is fourth.replicas
    assert fourth.at_s == BEGIN_S + 3


CHANGES: dict[str, Any] = {
    "fleet": fleet(replica("b", view(9))),
    "traffic": Traffic(3, 9.0),
    "hosts": on_host(gpu(utilization_percent=7)),
    "decisions": (Decided(BEGIN_S, ScalingDecision({VARIANT: 2}, ())),),
    "gpu_count": GpuCount(3, 9),
}


@pytest.mark.parametrize("name", [each.name for each in fields(Reading) if each.name not in ("at_s", "sources")])
def test_whatever_a_source_tells_anew_ends_a_standstill(name: str) -> None:
    still = [writing(after_s, 5) for after_s in range(4)]
    *_, before, after = course(*still, replace(still[0], at_s=BEGIN_S + 4, **{name: CHANGES[name]}))
    assert replace(after, at_s=before.at_s, events=()) != before


def vars_of(made: object) -> dict[str, object]:
    return {name: getattr(made, name) for name in made.__dataclass_fields__}  # type: ignore[attr-defined]


def test_of_a_look_a_second_few_readings_are_kept_and_rates_are_those_of_half_a_minute() -> None:
    memory = WatchMemory()
    for after_s in range(120):
        snapshot, memory = watched("mine", writing(after_s, 10 * after_s), memory)
        assert len(memory.readings) <= WINDOW_S / STEP_S + 2
        spans_s = memory.readings[-1].at_s - memory.readings[0].at_s
        assert spans_s >= min(after_s, WINDOW_S - STEP_S)
        assert snapshot.summary.generation_tok_s == (10.0 if after_s else None)


@given(st.lists(st.floats(0, 100), min_size=2, max_size=60))
def test_what_is_remembered_is_bounded_by_the_window(times: list[float]) -> None:
    memory = WatchMemory()
    for after_s in sorted(times):
        _, memory = watched("mine", writing(after_s, 0), memory)
        kept = [each.at_s for each in memory.readings]
        assert kept[-1] - kept[0] <= WINDOW_S
        assert len(kept) <= 2 * WINDOW_S / STEP_S + 2
        assert all(early < late for early, late in pairwise(kept))
