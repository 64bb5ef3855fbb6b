"""A step of load against real replicas: qorch's policy inside Ray Serve beside Ray Serve's own. Goal: asked within 2 s.

`python -m bench.autoscaling_live [--rounds N] [--json FILE]`. The same engine replicas with the demo model, one to
three of them; no load, then many clients, then none. Ray's autoscaler counts what passes its proxy, so there it passes.
Ray gives back after ten minutes by default, and qorch after five, so that a burst may come again.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from bench.autoscaling_live_ways import WAYS, Running, Way
from bench.steady_load import steady_load
from bench.tables import each_way, median, report, rounds_from_arguments

CLIENTS, TOKENS = 48, 256
LOAD_S, BACK_S = 60.0, 420.0
LOOK_S = 0.2
HEADERS = ("", "asked for more, s", "three ready, s", "back to one, s", "changes", "answered", "failed")

Seen = tuple[float, int, int]  # seconds since the step, replicas asked for, replicas that run


@dataclass(frozen=True)
class Course:
    """What became of a step up and a step down."""

    rise: list[Seen]
    fall: list[Seen]
    answers: Counter[int]

    @property
    def changes(self) -> int:
        """Of the number that is asked for."""
        return sum(one[1] != other[1] for one, other in pairwise([*self.rise, *self.fall]))


def main() -> None:
    rounds, json_path = rounds_from_arguments(1)
    found = each_way(WAYS, _step, rounds)
    rows = [(way.name, *_row(courses)) for way, courses in zip(WAYS, found, strict=True)]
    report(f"{CLIENTS} clients for {LOAD_S:g} s, then none; medians of {rounds}", HEADERS, rows, json_path)


def _step(way: Way) -> Course:
    with way.up() as running:
        with steady_load(running.endpoint, CLIENTS, TOKENS) as answers:
            rise = list(_seen(running, LOAD_S, until=0))
        return Course(rise, list(_seen(running, BACK_S, until=1)), answers)


def _seen(running: Running, seconds: float, until: int) -> Iterator[Seen]:
    """Look again and again, no longer than until so many run."""
    begin_s, ready = time.monotonic(), -1
    while (at_s := time.monotonic() - begin_s) < seconds and ready != until:
        asked, ready = running.look()
        yield at_s, asked, ready
        time.sleep(LOOK_S)


def _row(courses: list[Course]) -> tuple[str, ...]:
    return (
        _median_s([next((at_s for at_s, asked, _ in each.rise if asked > 1), None) for each in courses]),
        _median_s([next((at_s for at_s, _, ready in each.rise if ready == 3), None) for each in courses]),
        _median_s([next((at_s for at_s, _, ready in each.fall if ready == 1), None) for each in courses]),
        f"{median(each.changes for each in courses):g}",
        f"{median(each.answers[200] for each in courses):g}",
        str(sum(each.answers.total() - each.answers[200] for each in courses)),
    )


def _median_s(times_s: list[float | None]) -> str:
    known = [time_s for time_s in times_s if time_s is not None]
    return f"{median(known):.1f}" if len(known) == len(times_s) else "never"


if __name__ == "__main__":
    main()
