"""Numbers as narrow as a column: whatever a source says, there is a text, and what is not known is a dash."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.views.live import amounts

GIB = 2**30
Shown = Callable[[float | None], str]
ALL: list[Shown] = [
    amounts.count, amounts.rate, amounts.percent, amounts.seconds, amounts.gibs, amounts.degrees, amounts.watts,
    lambda value: amounts.age(value, 1000.0),
]  # fmt: skip


@pytest.mark.parametrize("shown", ALL)
@pytest.mark.parametrize("value", [None, nan, inf, -inf])
def test_what_is_not_known_or_no_number_is_a_dash(shown: Shown, value: float | None) -> None:
    assert shown(value) == amounts.NOTHING


@given(st.sampled_from(ALL), st.floats())
def test_every_number_is_a_text_on_one_line(shown: Shown, value: float) -> None:
    text = shown(value)
    assert text
    assert text.isprintable()


@pytest.mark.parametrize(
    ("told", "text"),
    [
        (amounts.count(0), "0"),
        (amounts.count(12_345), "12,345"),
        (amounts.rate(0), "0"),
        (amounts.rate(0.25), "0.2"),
        (amounts.rate(9.96), "10.0"),
        (amounts.rate(1234.5), "1,234"),
        (amounts.percent(0), "0%"),
        (amounts.percent(0.954), "95%"),
        (amounts.percent(1.5), "150%"),
        (amounts.seconds(0.0004), "0.4ms"),
        (amounts.seconds(0.012), "12ms"),
        (amounts.seconds(0.9), "900ms"),
        (amounts.seconds(2.34), "2.3s"),
        (amounts.seconds(192), "3m12s"),
        (amounts.gibs(1.5 * GIB), "1.5G"),
        (amounts.gibs(61.25 * GIB, 80 * GIB), "61.2/80G"),
        (amounts.degrees(71), "71°"),
        (amounts.watts(61.5), "62W"),
        (amounts.watts(310, 400), "310/400W"),
        (amounts.age(991, 1000), "<10s"),
        (amounts.age(941, 1000), "50s"),
        (amounts.age(940, 1000), "1m"),
        (amounts.age(0, 7199), "1h"),
        (amounts.age(0, 200_000), "2d"),
        (amounts.age(1010, 1000), "<10s"),
    ],
)
def test_amounts_are_short(told: str, text: str) -> None:
    assert told == text


def least_s(age: str) -> int:
    """What an age says that it is at least."""
    return 0 if age == "<10s" else int(age[:-1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[age[-1]]


@given(st.floats(0, 1e9), st.floats(0, 1e9))
def test_an_age_is_never_told_as_more_than_it_is_nor_as_less_than_before(seconds: float, later_s: float) -> None:
    told_s, then_s = (least_s(amounts.age_in_steps(each)) for each in (seconds, seconds + later_s))
    assert told_s <= seconds
    assert told_s <= then_s


@pytest.mark.parametrize(("within_s", "texts"), [(60, 6), (3600, 6 + 59), (86400, 6 + 59 + 23)])
def test_an_age_is_told_in_few_steps(within_s: int, texts: int) -> None:
    assert len({amounts.age_in_steps(second) for second in range(within_s)}) == texts
