"""Which replicas ended on their own, told from those that Ray Serve was to stop."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.deployment import GATEWAY
from orchestrator.core.fleet import Fleet
from orchestrator.core.live.restarts import ASKED, NO_WORD, Restarts, of_replica, restarts
from tests.core.live.made import VARIANT, dead, fleet, replica, view

KILLED = "the engine ended: killed by SIGKILL"


def wanted(count: int, *replicas: str, **states: str) -> Fleet:
    """Ready replicas of these ids, but for those that have another state."""
    return fleet(
        *(replica(each, view()) for each in replicas),
        *(replica(each, state=state) for each, state in states.items()),
        targets={VARIANT: count, GATEWAY: 1},
    )


def of(before: Fleet, now: Fleet) -> Restarts:
    return restarts(before, now, {})[VARIANT]


def test_one_that_was_replaced_at_once_has_restarted() -> None:
    assert of(wanted(2, "a", "b"), wanted(2, "a", c="STARTING")) == Restarts(1, NO_WORD)


def test_one_that_is_stopped_because_it_was_broken_tells_why() -> None:
    broken = fleet(replica("a", view()), replica("b", dead(KILLED)))
    assert of(broken, wanted(2, "a", b="STOPPING", c="STARTING")) == Restarts(1, KILLED)


def test_one_that_is_stopped_because_there_are_too_many_has_not_restarted() -> None:
    assert of(wanted(2, "a", "b"), wanted(1, "a", b="STOPPING")) == Restarts()
    assert of(wanted(2, "a", "b"), wanted(1, "a")) == Restarts()
    assert of(wanted(2, "a", "b"), wanted(0)) == Restarts()


def test_one_that_finished_stopping_is_not_counted_again() -> None:
    assert of(wanted(1, "a", b="STOPPING"), wanted(1, "a")) == Restarts()


def test_one_that_did_not_come_up_and_is_tried_again_has_restarted() -> None:
    assert of(wanted(1, a="STARTING"), wanted(1, b="STARTING")).total == 1


def test_one_that_came_in_between_two_looks_and_went_is_never_seen() -> None:
    assert of(wanted(1, "a"), wanted(1, "a")) == Restarts()


def test_they_add_up_and_the_last_reason_stays() -> None:
    so_far = {VARIANT: Restarts(3, KILLED)}
    assert restarts(wanted(1, "a"), wanted(1, "a"), so_far)[VARIANT] == Restarts(3, KILLED)
    assert restarts(wanted(1, "a"), wanted(1, "b"), so_far)[VARIANT] == Restarts(4, NO_WORD)


def test_a_variant_that_is_no_more_is_forgotten() -> None:
    assert restarts(wanted(1), wanted(1), {"old": Restarts(3, KILLED)}).keys() == {VARIANT, GATEWAY}


def test_where_no_target_is_told_nothing_is_said() -> None:
    assert restarts(wanted(1, "a"), fleet(targets={}), {VARIANT: Restarts(1)}) == {}


def test_a_move_from_one_variant_to_another_is_no_restart() -> None:
    both = {VARIANT: 1, "other": 1}
    before = fleet(replica("a", view()), replica("b", view(), deployment="other"), targets=both)
    now = fleet(
        replica("a", state="STOPPING"),
        replica("b", view(), deployment="other"),
        replica("c", state="STARTING", deployment="other"),
        targets={VARIANT: 0, "other": 2},
    )
    assert {name: each.total for name, each in restarts(before, now, {}).items()} == {VARIANT: 0, "other": 0}


names = st.sets(st.sampled_from("abcdef"))


@given(names, names, st.integers(0, 8))
def test_never_more_have_restarted_than_have_gone(before: set[str], now: set[str], count: int) -> None:
    found = of(wanted(count, *sorted(before)), wanted(count, *sorted(now))).total
    assert 0 <= found <= len(before - now)


def test_a_replica_has_its_own_restarts_by_hand_beside_those_before_it_in_its_variant() -> None:
    assert of_replica(Restarts(), 0) == Restarts()
    assert of_replica(Restarts(), 2) == Restarts(2, ASKED)
    assert of_replica(Restarts(4, KILLED), 2) == Restarts(6, KILLED)


def test_a_restart_by_hand_is_none_of_the_variants_other_replicas() -> None:
    before = fleet(replica("a", view()), replica("b", view()))
    now = fleet(replica("a", view(restarts_by_hand=1)), replica("b", view()))
    assert restarts(before, now, {})[VARIANT] == Restarts()
