"""What every `orchestrator.app.history_port.History` promises, as tests that a subclass runs over its own.

class TestFile(HistoryContract):
    @pytest.fixture
    def histories(self, tmp_path: Path) -> Iterator[Recordings]: ...
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from orchestrator.adapters import history_writer
from orchestrator.adapters.history_writer import HistoryWriter
from orchestrator.adapters.scaling_history import ScalingHistory
from orchestrator.app.history_port import History
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.scaling.history_parts import DAY_S
from orchestrator.core.scaling.verify import verified
from tests.adapters.recorded_pool import Recorded


class Reader(Protocol):
    """Makes a history of what is in a file now; `spoil` makes all of it useless."""

    def read(self) -> History: ...
    def spoil(self) -> None: ...


@dataclass
class OneDay:
    """A pool that was looked at for four minutes, from three minutes before midnight on."""

    path: Path

    def record(self) -> None:
        recorded = Recorded(HistoryWriter(self.path))
        recorded.run.now_s = 20_000 * DAY_S - 180.0
        recorded.write(240)
        recorded.writer.close()


class HistoryContract:
    """The tests; `path` is the file that a policy writes, of which `reader` reads, however far away it is."""

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "fleet" / "history.db"

    @pytest.fixture
    def reader(self, path: Path) -> Reader:
        raise NotImplementedError

    def test_where_nothing_was_recorded_there_is_nothing(self, reader: Reader) -> None:
        history = reader.read()
        assert (history.minutes(), list(history.segments())) == ((), [])

    def test_minutes_are_as_they_were_written_the_latest_of_them(self, path: Path, reader: Reader) -> None:
        OneDay(path).record()
        every, history = ScalingHistory(path).minutes(), reader.read()
        assert len(every) == 5
        assert history.minutes() == every
        for most in range(7):
            assert history.minutes(most=most) == every[max(0, 5 - most) :]

    def test_minutes_begin_where_they_are_asked_for(self, path: Path, reader: Reader) -> None:
        OneDay(path).record()
        every, history = ScalingHistory(path).minutes(), reader.read()
        for number, each in enumerate(every):
            assert history.minutes(each.begin_s) == every[number:]
            assert history.minutes(each.begin_s + 1.0) == every[number + 1 :]
        assert history.minutes(every[1].begin_s, 2) == every[-2:]

    def test_looks_are_decided_again_bit_for_bit(
        self, path: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(history_writer, "SEGMENT_LOOKS", 60)
        OneDay(path).record()
        segments = list(reader.read().segments())
        assert [len(each.looks) for each in segments] == [60] * 4
        assert segments == list(ScalingHistory(path).segments())
        *_, found = verified(segments)
        assert (found.looks, found.difference) == (240, None)

    def test_what_is_of_no_use_is_refused_in_words(self, path: Path, reader: Reader) -> None:
        OneDay(path).record()
        history = reader.read()
        reader.spoil()
        with pytest.raises(EnvironmentNotReady):
            history.minutes()
        with pytest.raises(EnvironmentNotReady):
            list(history.segments())
