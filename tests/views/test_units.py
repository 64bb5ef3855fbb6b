"""Amounts as people read them."""

from __future__ import annotations

import pytest

from orchestrator.views.units import parameters_text, size_text, tokens_text


@pytest.mark.parametrize(
    ("amount_bytes", "text"),
    [
        (80 * 2**30, "80.0 GiB"),
        (80 * 10**9, "74.5 GiB"),
        (2**30 - 1, "1,024.0 MiB"),
        (1536 * 2**10, "1.5 MiB"),
        (512, "0.5 KiB"),
        (-3 * 2**30, "-3.0 GiB"),
    ],
)
def test_memory_is_in_binary_units(amount_bytes, text):
    assert size_text(amount_bytes) == text


def test_tokens_are_written_out():
    assert tokens_text(262_144) == "262,144"


@pytest.mark.parametrize(("count", "text"), [(27_781_427_952, "27.8B"), (873_438_784, "873.4M")])
def test_parameters_are_in_decimal_units(count, text):
    assert parameters_text(count) == text
