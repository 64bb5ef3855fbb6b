"""Streaming through the gateway against the engine directly: time to the first event, and events a second.

Goals: at concurrency 8 at least 0.95 of the engine's events a second, at most 2 ms added to the first event.
Engine, gateway and client share the machine's cores, so with two cores the ratio also tells what is left for it.
`python -m bench.streaming [--rounds N]`
"""

from __future__ import annotations

from bench.fleet import fleet
from bench.load import Streams, Target, completion_body, run_streams
from bench.tables import median, report, rounds_from_arguments

TOKENS = 200
STREAMS = {1: 12, 8: 64, 32: 128}
HEADERS = ("streams", "direct ev/s", "gateway ev/s", "ratio", "direct TTFT ms", "gateway TTFT ms", "added ms")


def main() -> None:
    rounds, json_path = rounds_from_arguments(5)
    with fleet() as up:
        body = completion_body(TOKENS)
        targets = [Target(up.engine()["port"], "/v1/completions", body), Target(up.port, "/v1/completions", body)]
        rows = [_row(concurrency, targets, rounds) for concurrency in STREAMS]
    title = f"Streaming {TOKENS} tokens, medians of {rounds} alternating rounds (goal at 8: ratio >= 0.95, <= 2 ms)"
    report(title, HEADERS, rows, json_path)


def _row(concurrency: int, targets: list[Target], rounds: int) -> tuple[str, ...]:
    runs = [[_measured(target, concurrency) for target in targets] for _ in range(rounds)]
    direct, gateway = ([run[side] for run in runs] for side in (0, 1))
    ratio = median(g.events_per_s / d.events_per_s for d, g in zip(direct, gateway, strict=True))
    first = [median(median(run.first_event_s) for run in side) * 1000 for side in (direct, gateway)]
    rates = [median(run.events_per_s for run in side) for side in (direct, gateway)]
    return (
        str(concurrency), f"{rates[0]:,.0f}", f"{rates[1]:,.0f}", f"{ratio:.3f}",
        f"{first[0]:.2f}", f"{first[1]:.2f}", f"{first[1] - first[0]:.2f}",
    )  # fmt: skip


def _measured(target: Target, concurrency: int) -> Streams:
    run = run_streams(target, concurrency, STREAMS[concurrency])
    assert run.whole == STREAMS[concurrency], f"{run.whole} of {STREAMS[concurrency]} streams were whole"
    return run


if __name__ == "__main__":
    main()
