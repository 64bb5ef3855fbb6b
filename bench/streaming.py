"""Streaming chat completions through the gateway against the engine directly.

Goals: at 8 streams at least 0.95 of the engine's events a second, and at most 2 ms added to the first event.
Engine, gateway and client share the machine's cores; the paced rows start a stream at fixed times instead of keeping
the engine saturated, so that their first events wait for the gateway and not for a core.
`python -m bench.streaming [--rounds N] [--json FILE]`
"""

from __future__ import annotations

from bench.fleet import fleet
from bench.load import Shape, Streams, run_streams
from bench.stream import Target
from bench.tables import each_way, median, report, rounds_from_arguments, spread

TOKENS = 128
SHAPES = {
    "1 at a time": Shape(24, 1),
    "8 at a time": Shape(128, 8),
    "32 at a time": Shape(256, 32),
    "paced, 10 a second": Shape(20, every_s=0.1),
    "paced, 25 a second": Shape(50, every_s=0.04),
}
HEADERS = (
    "streams", "direct ev/s", "gateway ev/s", "ratio", "quartiles", "direct TTFT ms", "gateway TTFT ms", "added ms",
    "quartiles", "client, of a core",
)  # fmt: skip


def main() -> None:
    rounds, json_path = rounds_from_arguments(9)
    with fleet() as up:
        targets = (Target(up.engine()["port"], TOKENS), Target(up.port, TOKENS))
        for target in targets:
            run_streams(target, Shape(16, 8))  # warm
        rows = [_row(name, shape, targets, rounds) for name, shape in SHAPES.items()]
    title = f"Streaming {TOKENS} tokens, medians of {rounds} alternating rounds (goal at 8: ratio >= 0.95, <= 2 ms)"
    report(title, HEADERS, rows, json_path)


def _row(name: str, shape: Shape, targets: tuple[Target, Target], rounds: int) -> tuple[str, ...]:
    runs = each_way(targets, lambda target: run_streams(target, shape), rounds)
    direct, gateway = runs
    ratios = [g.events_per_s / d.events_per_s for d, g in zip(direct, gateway, strict=True)]
    added = [_first_ms(g) - _first_ms(d) for d, g in zip(direct, gateway, strict=True)]
    return (
        name,
        *(f"{median(run.events_per_s for run in way):,.0f}" for way in runs),
        f"{median(ratios):.3f}",
        spread(ratios, ".3f"),
        *(f"{median(_first_ms(run) for run in way):.2f}" for way in runs),
        f"{median(added):.2f}",
        spread(added, ".2f"),
        f"{max(run.client_share for way in runs for run in way):.0%}",
    )


def _first_ms(run: Streams) -> float:
    return median(run.first_event_s) * 1000


if __name__ == "__main__":
    main()
