"""Hosts with what they have: processor, memory, GPUs, and who is on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from orchestrator.core.deployment import GATEWAY
from orchestrator.core.live.replica_state import state_of, urgency
from orchestrator.core.live.snapshot import GpuRow, HostRow, ReplicaRow, Snapshot
from orchestrator.views.live import amounts
from orchestrator.views.live.columns import GLYPHS, HOT_C, TONES
from orchestrator.views.live.span import Line, Span, Tone, clean, joined

GPU_HEAD = f"  {'GPU':>3} {'NAME':<25} {'BUSY':>4} {'MEMORY':>11} {'TEMP':>4} {'POWER':>9}  REPLICAS"
INDENT = " " * 6
MOST_NAMED = 6
NOWHERE = "no host yet"
UNSEEN = "one that starts or ends"  # no gateway sees its engine
OnHost = TypeVar("OnHost", GpuRow, ReplicaRow)


def host_lines(snapshot: Snapshot) -> Iterator[Line]:
    """Each host, also where nobody tells of more than its name."""
    gpus, rows = _by_host(snapshot.gpus), _by_host(snapshot.replicas)
    hosts = {each.host: each for each in snapshot.hosts}
    for name in dict.fromkeys((*hosts, *gpus, *rows)):
        yield from _host(hosts.get(name, HostRow(name)), gpus.get(name, []), rows.get(name, []))
        yield ()


def gpu_lines(gpus: Iterable[GpuRow]) -> Iterator[Line]:
    """Below their heads, one line each, and one for each thing that is amiss."""
    yield (Span(GPU_HEAD, Tone.DIM),)
    for gpu in gpus:
        yield from _gpu(gpu)


def _by_host(rows: Iterable[OnHost]) -> dict[str, list[OnHost]]:
    found: dict[str, list[OnHost]] = {}
    for row in rows:
        found.setdefault(row.host, []).append(row)
    return found


def _host(host: HostRow, gpus: Sequence[GpuRow], rows: Sequence[ReplicaRow]) -> Iterator[Line]:
    yield joined(_head(host, gpus, rows))
    if gpus:
        yield from gpu_lines(gpus)
    shown = {replica for gpu in gpus for replica in gpu.replicas}
    elsewhere = sorted((row for row in rows if row.replica_id not in shown), key=urgency)
    if elsewhere:
        yield _named("without a GPU" if gpus else "replicas", elsewhere)


def _head(host: HostRow, gpus: Sequence[GpuRow], rows: Sequence[ReplicaRow]) -> Iterator[Line]:
    yield (Span(clean(host.host) or NOWHERE, Tone.HEAD),)
    if host.cpu_percent is not None:
        cores = amounts.count(host.cpu_cores)
        yield Span("CPU ", Tone.DIM), Span(f"{amounts.percent(host.cpu_percent / 100)} of {cores} cores")
    if host.memory_used_bytes is not None:
        memory = amounts.gibs(host.memory_used_bytes, host.memory_total_bytes)
        yield Span("memory ", Tone.DIM), Span(memory, _memory_tone(host))
    engines = sum(row.deployment != GATEWAY for row in rows)
    yield Span("replicas ", Tone.DIM), Span(f"{engines:,}")
    if gpus:
        used = len({gpu.uuid for gpu in gpus if gpu.replicas})
        yield Span("GPUs ", Tone.DIM), Span(f"{used}/{len(gpus)}")


def _memory_tone(host: HostRow) -> Tone:
    used, total = host.memory_used_bytes or 0, host.memory_total_bytes or 0
    return Tone.WARN if total and used > 0.9 * total else Tone.PLAIN


def _gpu(gpu: GpuRow) -> Iterator[Line]:
    busy = None if gpu.utilization_percent is None else gpu.utilization_percent / 100
    hot = gpu.temperature_c is not None and gpu.temperature_c >= HOT_C
    yield (
        Span(f"  {gpu.index:>3} {clean(gpu.name):<25.25} {amounts.percent(busy):>4} "),
        Span(f"{amounts.gibs(gpu.memory_used_bytes, gpu.memory_total_bytes):>11} "),
        Span(f"{amounts.degrees(gpu.temperature_c):>4}", Tone.WARN if hot else Tone.PLAIN),
        Span(f" {amounts.watts(gpu.power_w, gpu.power_limit_w):>9}  "),
        Span(clean(" ".join(gpu.replicas)) or (UNSEEN if gpu.held else amounts.NOTHING)),
    )
    if gpu.error:
        yield (Span(f"{INDENT}✖ {clean(gpu.error)}", Tone.BAD),)
    if gpu.throttled:
        yield (Span(f"{INDENT}▲ clocks held down: {clean(gpu.throttled)}", Tone.WARN),)
    if gpu.others:
        yield (Span(f"{INDENT}▲ not the fleet's: {clean(gpu.others)}", Tone.WARN),)


def _named(label: str, rows: Sequence[ReplicaRow]) -> Line:
    """The first of them, those that somebody should look at before others."""
    spans = [Span(f"  {label}", Tone.DIM)]
    for row in rows[:MOST_NAMED]:
        state = state_of(row)
        name = clean(GATEWAY if row.deployment == GATEWAY else row.replica_id)
        spans.append(Span(f"  {GLYPHS[state]} {name} {state.value}", TONES[state]))
    more = len(rows) - MOST_NAMED
    return (*spans, *([Span(f"  and {more:,} more", Tone.DIM)] if more > 0 else []))
