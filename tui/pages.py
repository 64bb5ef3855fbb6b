"""What the pages over the fleet show, made of a snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from orchestrator.core.live.snapshot import Snapshot
from orchestrator.views.live.export import finite
from orchestrator.views.live.hosts import host_lines
from orchestrator.views.live.span import Line, Span, Tone, clean
from orchestrator.views.live.trail import NONE_YET, change_text, event_lines, moment_text, step_lines
from orchestrator.views.plain import plain
from tui.screens.detail import Content
from tui.trends import Trends


def hosts(snapshot: Snapshot, now_s: float) -> Iterable[Line]:
    return tuple(host_lines(snapshot)) or [(Span("no host is seen", Tone.DIM),)]


def events(trends: Trends) -> Content:
    return lambda snapshot, now_s: tuple(event_lines(trends.events, now_s, with_clock=True)) or [NONE_YET]


def decisions(snapshot: Snapshot, now_s: float) -> Iterator[Line]:
    if not snapshot.decisions:
        yield NONE_YET
    for decided in reversed(snapshot.decisions):
        yield Span(change_text(decided), Tone.HEAD), Span(f"  {moment_text(decided.at_s, now_s)}", Tone.DIM)
        yield from step_lines(decided)
        yield ()


def yaml_of(value: Any) -> Content:
    """As it was when it was asked for, so that it stands still while it is read."""
    import yaml

    text = yaml.safe_dump(finite(plain(value)), sort_keys=False, allow_unicode=True, width=10_000)
    made = [(Span(clean(line)),) for line in text.splitlines()]
    return lambda snapshot, now_s: made
