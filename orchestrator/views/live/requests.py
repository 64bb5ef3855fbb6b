"""The requests that ended last, a line each, the latest first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from orchestrator.core.answered import CLIENT_LEFT, Answered
from orchestrator.core.live.snapshot import Snapshot
from orchestrator.views.live import amounts
from orchestrator.views.live.playback import clock_text
from orchestrator.views.live.span import Line, Span, Tone, clean, joined

HEAD = f"{'ENDED':<8} {'REPLICA':<9} {'PROMPT':>7} {'TOKENS':>6} {'TTFT':>6} {'TPOT':>6} {'WAITED':>6} {'TOOK':>6}  "
OUTCOME_WIDTH = 32


class Sign(NamedTuple):
    """How a request ended."""

    glyph: str
    word: str
    tone: Tone


WELL, REFUSED = Sign("●", "answered", Tone.PLAIN), Sign("▲", "refused", Tone.WARN)
FAILED, LEFT = Sign("✖", "failed", Tone.BAD), Sign("◌", "left by their clients", Tone.DIM)
SIGNS = (WELL, FAILED, REFUSED, LEFT)


def ended(snapshot: Snapshot) -> tuple[Answered, ...]:
    """All that are known, in the order of their ends."""
    return tuple(sorted((*snapshot.requests, *snapshot.failed_requests), key=lambda one: one.at_s))


def request_lines(requests: Sequence[Answered]) -> Iterator[Line]:
    """How they went together, then each; nothing of what they say is known."""
    if not requests:
        yield (Span("none has ended yet", Tone.DIM),)
        return
    yield _together(requests)
    yield (Span(f"{HEAD}{'OUTCOME':<{OUTCOME_WIDTH}} REQUEST", Tone.HEAD),)
    for one in reversed(requests):
        yield _line(one)


def _together(requests: Sequence[Answered]) -> Line:
    since = Span(f"the last {len(requests)}: ")
    signs = Counter(map(_sign, requests))
    counts = [(Span(f"{signs[sign]} {sign.word}", sign.tone),) for sign in SIGNS if signs[sign]]
    return since, *joined(counts, ", ")


def _line(one: Answered) -> Line:
    sign = _sign(one)
    told = " ".join(
        (
            f"{clock_text(one.at_s):<8}",
            f"{clean(one.replica_id) or amounts.NOTHING:<9.9}",
            f"{amounts.count(one.prompt_tokens):>7}",
            f"{amounts.count(one.generation_tokens):>6}",
            f"{amounts.seconds(one.ttft_s):>6}",
            f"{amounts.seconds(one.tpot_s):>6}",
            f"{amounts.seconds(one.waited_s) if one.waited_s else amounts.NOTHING:>6}",
            f"{amounts.seconds(one.took_s):>6}",
        )
    )
    outcome = f"{sign.glyph} {_outcome(one)}"
    return (
        Span(f"{told}  "),
        Span(f"{outcome:<{OUTCOME_WIDTH}}", sign.tone),
        Span(f" {clean(one.request_id)}", Tone.DIM),
    )


def _sign(one: Answered) -> Sign:
    """What a client did is no fault of the fleet."""
    if one.well:
        return WELL
    if one.outcome == CLIENT_LEFT:
        return LEFT
    return REFUSED if 400 <= one.status < 500 else FAILED


def _outcome(one: Answered) -> str:
    status = f"{one.status} " if one.status else ""
    again = f", {one.tries} engines" if one.tries > 1 else ""
    return f"{status}{clean(one.outcome)}{again}"
