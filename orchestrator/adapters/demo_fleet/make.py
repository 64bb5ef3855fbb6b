"""Makes the recording that `qorch top --demo` shows: `python -m orchestrator.adapters.demo_fleet.make FILE`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from orchestrator import __version__
from orchestrator.adapters.demo_fleet.course import LENGTH_S
from orchestrator.adapters.demo_fleet.planned import NAME, planned
from orchestrator.adapters.demo_fleet.site import Site
from orchestrator.adapters.recorder import Recorder
from orchestrator.core.live.recording import Header
from orchestrator.core.live.snapshot import Snapshot
from orchestrator.core.live.watch import WINDOW_S, WatchMemory, watched

BEGIN_S = 1_772_445_600.0  # 2026-03-02 10:00 UTC
EVERY_S = 2  # between frames
LIMIT_BYTES = 1 << 30


def snapshots() -> Iterator[Snapshot]:
    """As they would be watched, from when the first window is full."""
    site, memory = Site(planned(), BEGIN_S), WatchMemory()
    for second in range(-int(WINDOW_S), LENGTH_S):
        reading = site.step(float(second))
        if second % EVERY_S == 0:
            snapshot, memory = watched(NAME, reading, memory)
            if second >= 0:
                yield snapshot


def make(path: Path) -> None:
    """Raises UsageError where there is such a file."""
    recorder = Recorder(path, Header(NAME, __version__, simulated=True), LIMIT_BYTES)
    for snapshot in snapshots():
        recorder.add(snapshot)
    recorder.close()


if __name__ == "__main__":
    make(Path(sys.argv[1]))
