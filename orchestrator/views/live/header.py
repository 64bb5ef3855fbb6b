"""The fleet in a few lines: is it well, does it meet its goals, and how old is what is shown."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.core.live.goals import is_over, is_short
from orchestrator.core.live.reading import SourceState
from orchestrator.core.live.snapshot import Snapshot, Summary
from orchestrator.views.live import amounts
from orchestrator.views.live.span import Line, Span, Tone, clean, flowed
from orchestrator.views.units import money_text

PHASES = {"Ready": ("●", Tone.GOOD), "Idle": ("●", Tone.GOOD), "Starting": ("◐", Tone.WARN)}
WIDE = 10_000  # cells, into which any line fits
NO_WORDS: Line = (Span(""),)
STALE_S = 5.0  # a source that is older is said to be


def header_lines(snapshot: Snapshot, now_s: float, note: str = "", width: int = WIDE) -> tuple[Line, ...]:
    """Three lines; where they are longer than `width` cells they go on below.

    `now_s` is the moment that is shown, in Unix time; of a recording, that of the recording, as `note` says.
    """
    parts = (_fleet(snapshot, note), _served(snapshot.summary), _around(snapshot, now_s))
    return tuple(line for each in parts for line in flowed(each, width))


def _fleet(snapshot: Snapshot, note: str) -> Iterator[Line]:
    glyph, tone = PHASES.get(snapshot.phase, ("✖", Tone.BAD))
    summary = snapshot.summary
    phase = Span(f"{glyph} {clean(snapshot.phase)}", tone) if snapshot.phase else Span("? not seen yet", Tone.WARN)
    parts = [
        (Span(clean(snapshot.fleet), Tone.HEAD),),
        (phase,),
        (Span(note, Tone.WARN),),
        replicas(summary) if snapshot.phase else NO_WORDS,
        (Span(clean(snapshot.profile)),),
        (Span(clean(snapshot.endpoint), Tone.DIM),),
    ]
    return (part for part in parts if part[0].text)


def replicas(summary: Summary) -> Line:
    ready, wanted = summary.ready_replicas, summary.target_num_replicas
    tone = Tone.PLAIN if ready >= wanted else Tone.WARN
    failed = (Span(f", {summary.failed_replicas} failed", Tone.BAD),) if summary.failed_replicas else ()
    return (Span(f"{ready}/{wanted} ready", tone), *failed)


def _served(summary: Summary) -> Iterator[Line]:
    """What clients get, against what they are to get."""
    yield served_tok_s(summary)
    yield _latency("TTFT", summary.ttft_p50_s, summary.ttft_p99_s, summary.ttft_goal_s)
    yield _latency("TPOT", summary.tpot_p50_s, summary.tpot_p99_s, summary.tpot_goal_s)
    if summary.requests_per_s is not None:
        yield (Span("req/s ", Tone.DIM), Span(amounts.rate(summary.requests_per_s)))
    yield errors(summary)


def errors(summary: Summary) -> Line:
    per_min = summary.errors_per_min
    return (Span("errors/min ", Tone.DIM), Span(amounts.rate(per_min), Tone.BAD if per_min else Tone.PLAIN))


def served_tok_s(summary: Summary) -> Line:
    """Against the target, where there is one: less than it is no fault while nobody waits."""
    shown, target = amounts.rate(summary.generation_tok_s), summary.target_tok_s
    if target is None:
        return (Span("tok/s ", Tone.DIM), Span(shown))
    tone = Tone.WARN if is_short(summary) else Tone.GOOD
    return (Span("tok/s ", Tone.DIM), Span(f"{shown}/{amounts.rate(target)}", tone))


def _latency(name: str, p50_s: float | None, p99_s: float | None, goal_s: float | None) -> Line:
    told = f"{amounts.seconds(p50_s)}/{amounts.seconds(p99_s)}"
    label = Span(f"{name} p50/p99 ", Tone.DIM)
    if goal_s is None:
        return label, Span(told)
    if p99_s is None:
        return label, Span(f"{told} of {amounts.seconds(goal_s)}")
    missed = is_over(p99_s, goal_s)
    verdict = f" {'over' if missed else 'within'} {amounts.seconds(goal_s)}"
    return label, Span(told + verdict, Tone.BAD if missed else Tone.GOOD)


def _around(snapshot: Snapshot, now_s: float) -> Iterator[Line]:
    """What waits, what it costs, and whether the sources answer."""
    if snapshot.phase:
        yield from work(snapshot.summary)
    for source in snapshot.sources:
        yield _source(source, now_s)


def work(summary: Summary) -> Iterator[Line]:
    waiting = summary.num_requests_waiting + summary.num_requests_held
    held = f" ({summary.num_requests_held} held)" if summary.num_requests_held else ""
    yield (Span("running ", Tone.DIM), Span(amounts.count(summary.num_requests_running)))
    yield (Span("waiting ", Tone.DIM), Span(f"{waiting:,}{held}", Tone.WARN if waiting else Tone.PLAIN))
    if summary.gpus_used or summary.gpus_total:
        yield _gpus(summary)
    if summary.cost_per_hour is not None:
        yield _cost(summary.cost_per_hour, summary.cost_per_million)


def _gpus(summary: Summary) -> Line:
    """Of those that it could have, where that is known."""
    total = f"/{summary.gpus_total}" if summary.gpus_total else ""
    return (Span("GPUs ", Tone.DIM), Span(f"{summary.gpus_used}{total}"))


def _cost(per_hour: float, per_million: float | None) -> Line:
    million = "" if per_million is None else f", {money_text(per_million)}/Mtok"
    return (Span("cost ", Tone.DIM), Span(f"{money_text(per_hour)}/h{million}"))


def _source(source: SourceState, now_s: float) -> Line:
    name = Span(f"{clean(source.name)} ", Tone.DIM)
    if source.at_s is None:
        return name, Span(f"✖ {clean(source.error or 'not asked yet')}", Tone.BAD)
    old_s = now_s - source.at_s
    if source.error or old_s > STALE_S:
        return name, Span(f"✖ {amounts.age_in_steps(old_s)} old: {clean(source.error or 'silent')}", Tone.BAD)
    return name, Span("ok", Tone.GOOD)
