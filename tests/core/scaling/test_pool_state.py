"""How often replicas were asked for and let go."""

from __future__ import annotations

from orchestrator.core.scaling.pool_state import Changes, with_change


def test_each_variant_is_counted_in_the_direction_that_it_went() -> None:
    once = with_change({}, {"a": 1, "b": 3, "c": 1}, {"a": 3, "b": 2, "c": 1})
    assert once == {"a": Changes(1, 0), "b": Changes(0, 1), "c": Changes(0, 0)}
    assert with_change(once, {"a": 3, "b": 2, "c": 1}, {"a": 2, "b": 1, "c": 1}) == {
        "a": Changes(1, 1), "b": Changes(0, 2), "c": Changes(0, 0),
    }  # fmt: skip


def test_a_variant_that_was_not_there_before_has_not_changed() -> None:
    assert with_change({}, {}, {"a": 3}) == {"a": Changes(0, 0)}
