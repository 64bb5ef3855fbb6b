"""What every `orchestrator.app.history_port.HistoryParts` promises, as tests that a subclass runs over its own."""

from __future__ import annotations

import pytest

from orchestrator.app.history_port import HistoryParts
from orchestrator.core.scaling.history_parts import MOST_PART_BYTES


class PartsContract:
    """The tests; `parts` has nothing yet."""

    @pytest.fixture
    def parts(self) -> HistoryParts:
        raise NotImplementedError

    def test_what_is_put_is_there_until_it_is_removed(self, parts: HistoryParts) -> None:
        assert (parts.names(), parts.get("looks/1")) == ((), None)
        parts.put("looks/1", b"\x00one")
        parts.put("minutes/1", b"")
        assert sorted(parts.names()) == ["looks/1", "minutes/1"]
        assert (parts.get("looks/1"), parts.get("minutes/1"), parts.get("looks/2")) == (b"\x00one", b"", None)
        parts.remove("looks/1")
        assert (parts.names(), parts.get("looks/1")) == (("minutes/1",), None)
        parts.remove("looks/1")

    def test_what_is_put_again_takes_the_place_of_what_was_there(self, parts: HistoryParts) -> None:
        parts.put("looks/1", b"one")
        parts.put("looks/1", b"other")
        assert (parts.names(), parts.get("looks/1")) == (("looks/1",), b"other")

    def test_the_largest_part_has_room(self, parts: HistoryParts) -> None:
        value = b"\xff" * MOST_PART_BYTES
        parts.put("looks/1", value)
        assert parts.get("looks/1") == value
