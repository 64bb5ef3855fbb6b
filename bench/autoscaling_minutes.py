"""Minutes of ServeGen's traffic as a recording; `python -m bench.autoscaling_minutes RATES` writes it to bench/data.

RATES is rates-m-small.csv.gz of ServeGen, with token-stats-m-small.csv.gz beside it.
"""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from orchestrator.adapters.traces import recording, servegen
from orchestrator.adapters.traces.arrivals import Arrival

RECORDING = Path(__file__).parent / "data" / "servegen-m-small-minutes.csv.gz"
MINUTE_S = 60


def minutes(arrivals: Iterable[Arrival]) -> Iterator[str]:
    """A recording's lines, to four digits."""
    yield ",".join(recording.COLUMNS)
    for minute, seconds in groupby(arrivals, key=lambda each: each.t_s // MINUTE_S):
        totals = map(sum, zip(*(each[1:] for each in seconds), strict=True))
        yield ",".join([f"{minute * MINUTE_S:.0f}", *(f"{float(f'{total:.4g}'):.0f}" for total in totals)])


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: python -m bench.autoscaling_minutes RATES")
    text = "\n".join(minutes(servegen.arrivals(Path(sys.argv[1]), seed=0))) + "\n"
    RECORDING.write_bytes(gzip.compress(text.encode(), mtime=0))
    print(f"{RECORDING}: {RECORDING.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
