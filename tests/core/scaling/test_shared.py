"""A budget that fleets share: nobody goes below the fewest, and together they keep to it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.scaling.budget import Budget
from orchestrator.core.scaling.shared import STALE_S, Claim, allowance, fresh, shares

NOW_S = 1e9


def claim(wanted: float, fewest: float = 0.0, step: float = 1.0, paid: float = 0.0) -> Claim:
    return Claim(paid, max(wanted, fewest), fewest, step, NOW_S)


CLAIMS = st.dictionaries(
    st.sampled_from("abcde"),
    st.builds(claim, st.integers(0, 40), st.integers(0, 3), st.sampled_from([0.5, 1.0, 2.0]), st.integers(0, 9)),
    min_size=1,
)


def test_the_rest_goes_where_least_was_given() -> None:
    claims = {"a": claim(9), "b": claim(2), "c": claim(9, fewest=2)}
    assert shares(10.0, claims) == {"a": 4.0, "b": 2.0, "c": 4.0}
    assert shares(10.0, {"a": claim(9, step=4.0), "b": claim(9, step=4.0)}) == {"a": 4.0, "b": 4.0}


@given(st.floats(0, 60), CLAIMS)
def test_shares_keep_to_the_budget_and_to_the_fewest(per_hour: float, claims: dict[str, Claim]) -> None:
    given_ = shares(per_hour, claims)
    fewest = sum(each.fewest for each in claims.values())
    assert sum(given_.values()) <= max(per_hour, fewest) + 1e-9
    assert all(given_[name] >= each.fewest for name, each in claims.items())
    assert all(given_[name] <= each.wanted + each.step for name, each in claims.items())


@given(st.integers(0, 60), CLAIMS, st.lists(st.integers(0, 30), min_size=20, max_size=60))
def test_whoever_decides_next_they_never_cost_more_together(
    per_hour: int, claims: dict[str, Claim], wants: list[int]
) -> None:
    """Each in turn asks for what it wants, as far as it may."""
    names = sorted(claims)
    told: dict[str, Claim] = {name: each._replace(paid=each.fewest) for name, each in claims.items()}
    least = sum(each.fewest for each in told.values())
    for turn, want in enumerate(wants):
        name = names[turn % len(names)]
        one = told[name]._replace(wanted=max(float(want), told[name].fewest))
        told[name] = one
        told[name] = one._replace(paid=min(one.wanted, allowance(Budget("team", per_hour), name, told)))
        assert sum(each.paid for each in told.values()) <= max(per_hour, least) + 1e-9


def test_where_there_is_enough_for_all_a_fleet_may_grow_at_once() -> None:
    claims = {"a": claim(2, paid=2.0), "b": claim(3, paid=3.0)}
    assert allowance(Budget("team", 9.0), "a", claims) == 6.0
    assert allowance(Budget("team", 9.0), "new", claims) == 4.0


def test_a_fleet_that_tells_nothing_is_gone() -> None:
    claims = {"a": claim(2), "b": claim(3)._replace(at_s=NOW_S - STALE_S)}
    assert fresh(claims, NOW_S).keys() == {"a"}
