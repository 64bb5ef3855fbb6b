"""The plan that a fleet runs by, as its cluster keeps it."""

from __future__ import annotations

import hashlib

import pytest

from orchestrator.core.objective import Objective
from orchestrator.core.qwen_fleet.record import Record, asked, of_chosen, read_record, record_manifest, worth
from orchestrator.core.wish import Prices, Wish
from tests.manifests.rendered import SETTINGS, plan

RECORD = Record("{}", "abc", 1000, 0.5, "the best")


def test_a_record_is_read_back_as_it_was_written():
    assert read_record(record_manifest("chat", RECORD, SETTINGS)) == RECORD


@pytest.mark.parametrize(
    "data", [None, {}, {"plan.yaml": "{}", "asked": "a", "plannedAt": "soon", "worth": "1", "why": ""}]
)
def test_what_is_no_record_is_none(data: dict[str, str] | None):
    assert read_record({"data": data}) is None
    assert read_record(None) is None


def test_a_digest_is_of_what_is_asked_for_alone():
    assert asked(Wish()) == hashlib.sha256(b"{}").hexdigest()[:16]
    wishes = [Wish(), Wish(model="a"), Wish(profile="a"), Wish(prices=Prices(host_hour=1.0)), Wish(num_replicas=1)]
    assert len({asked(wish) for wish in wishes}) == len(wishes)


def test_only_the_hosts_that_something_runs_on_are_kept():
    whole = plan("l4:1;a100-80gb:8", Wish(model="qwen3.5-27b", num_replicas=1))
    kept = of_chosen(whole)
    assert len(whole.site.hosts) == 2
    assert [group.inventory for group in kept.site.hosts] == [whole.inventory]
    assert (kept.inventory, kept.candidates) == (whole.inventory, ())


def test_where_the_number_is_open_more_replicas_are_worth_more():
    one, two = (plan(f"a100-80gb:{count}", Wish(model="qwen3.5-9b", objective=Objective.COST)) for count in (1, 2))
    assert worth(two) > worth(one)
