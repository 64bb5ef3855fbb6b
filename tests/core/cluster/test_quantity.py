"""Quantities as Kubernetes writes them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.cluster.quantity import amounts, quantity


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", "0"),
        (8, "8"),
        ("63770m", "63.77"),
        ("512Gi", str(512 * 2**30)),
        ("129M", "129000000"),
        ("128974848000m", "128974848"),
        ("1e3", "1000"),
        ("1.5E2", "150"),
        ("2E", "2000000000000000000"),
        (".5", "0.5"),
        ("+1Ki", "1024"),
        ("-1", "-1"),
        ("100n", "0.0000001"),
    ],
)
def test_a_quantity_is_the_number_that_it_stands_for(text: Any, number: str):
    assert quantity(text) == Decimal(number)


@pytest.mark.parametrize(
    "text", ["", "Gi", "1 Gi", "1gb", "1K", "eight", "٣", None, True, [], {}, float("nan"), "1e999"]
)
def test_what_is_no_quantity_is_none_and_not_zero(text: Any):
    assert quantity(text) is None


@given(st.integers(0, 2**60))
def test_a_plain_number_is_itself(number: int):
    assert quantity(str(number)) == number
    assert quantity(f"{number}Ki") == number * 1024


def test_a_resource_list_leaves_out_what_cannot_be_read():
    assert amounts({"cpu": "2", "memory": "lots"}) == {"cpu": 2}
    assert amounts(["cpu"]) == {}
