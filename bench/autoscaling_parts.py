"""What each part of the scaling policy earns: ServeGen's traffic with one part left out at a time.

`python -m bench.autoscaling_parts FOLDER` prints the table of docs/designs/006-scaling.md; FOLDER as for `autoscaling`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

from bench.autoscaling import PROMPT_RATIO, TRACES, outcomes
from bench.tables import markdown
from orchestrator.adapters.traces import read_trace
from orchestrator.core.scaling import decide, forecast, learn, levels, reserve, times, trend
from orchestrator.core.scaling.compare import OWN
from orchestrator.core.scaling.trend import expected as trend_ahead

COLD_START_S = 120.0
EVER = 1e9
PARTS = {
    "all parts": (),
    "no slope": ((learn, "expected", lambda trend, ahead_s, fast_s: trend.fast),),
    "a rise goes on wherever demand was before": (
        (learn, "_hoped", lambda trend, levels, now_s, times: trend_ahead(trend, times.ahead_s, times.fast_s)),
    ),
    "spread of the day only": ((trend, "SPREAD_TIMES_FAST", trend.LONG_SPREAD_S / 30.0),),
    "spread wherever demand stands": ((trend, "COUNTS_SHARE", 0.0),),
    "errors by the newest expectation": ((forecast, "_still_held", lambda held, met: ()),),
    "no level given up": ((times, "FIRST_COLD_STARTS", EVER),),
    "no bound by levels": ((levels, "SPARE", EVER),),
    "no season": ((learn, "EXPLAINED_SHARE", 0.0),),
    "no drain": ((times, "LEAST_DRAIN_S", EVER),),
    "no margin": ((reserve, "MARGIN", 1.0),),
    "no grace": ((reserve, "GRACE_S", 0.0),),
    "given back as soon as one is spare": ((decide, "steady", lambda load, unit, wanted, units: (wanted, "")),),
    "errors of two days": ((reserve, "LEARNING_S", 2 * 86_400.0),),
    "average over a half of the cold start": ((times, "FAST_SHARE", 0.5),),
}
HEADERS = ("policy", "attainment", "to packed", "changes")


def rows(path: Path) -> Iterator[tuple[str, str, str, str]]:
    demand = read_trace(path, PROMPT_RATIO)
    for name, changes in PARTS.items():
        patches = [patch.object(*change) for change in changes]
        for each in patches:
            each.start()
        found = outcomes(demand, COLD_START_S, (OWN,))[OWN]
        patch.stopall()
        print(name, file=sys.stderr)
        yield name, f"{found.attainment:.3%}", f"{found.ratio:.2f}", f"{found.changes:,}"


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: python -m bench.autoscaling_parts FOLDER")
    path = next(Path(sys.argv[1]).rglob(next(iter(TRACES.values()))), None)
    if path is None:
        sys.exit(f"there is no trace below {sys.argv[1]}")
    print(markdown(HEADERS, rows(path)))


if __name__ == "__main__":
    main()
