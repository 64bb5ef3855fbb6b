"""The columns of several fleets side by side."""

from __future__ import annotations

from orchestrator.core.live.fleet_row import FleetRow, FleetState, is_faulty, urgency
from orchestrator.core.live.fleet_words import FLEET_WORDS
from orchestrator.core.live.goals import is_over, is_short
from orchestrator.core.live.snapshot import Summary
from orchestrator.views.live import amounts
from orchestrator.views.live.column import Column, Listing, measured, text
from orchestrator.views.live.header import STALE_S
from orchestrator.views.live.span import Tone, clean
from orchestrator.views.units import money_text

GLYPHS = {
    FleetState.FAILED: "✖",
    FleetState.UNKNOWN: "?",
    FleetState.DEGRADED: "▲",
    FleetState.BEHIND: "▼",
    FleetState.STARTING: "◐",
    FleetState.IDLE: "○",
    FleetState.READY: "●",
}
TONES = {
    FleetState.FAILED: Tone.BAD,
    FleetState.UNKNOWN: Tone.WARN,
    FleetState.DEGRADED: Tone.BAD,
    FleetState.BEHIND: Tone.WARN,
    FleetState.STARTING: Tone.WARN,
    FleetState.IDLE: Tone.GOOD,
    FleetState.READY: Tone.GOOD,
}


def state_text(state: FleetState) -> str:
    return f"{GLYPHS[state]} {state.value}"


def _seen(row: FleetRow) -> bool:
    """Zeros of a fleet that nobody has seen would be a lie."""
    return bool(row.profile or row.model)


def _ready(row: FleetRow, now_s: float) -> str:
    summary = row.summary
    failed = f" ✖{summary.failed_replicas}" if summary.failed_replicas else ""
    return f"{summary.ready_replicas}/{summary.target_num_replicas}{failed}" if _seen(row) else amounts.NOTHING


def _ready_tone(row: FleetRow) -> Tone:
    if row.summary.failed_replicas:
        return Tone.BAD
    return Tone.WARN if row.summary.ready_replicas < row.summary.target_num_replicas else Tone.PLAIN


def _tok_s(row: FleetRow, now_s: float) -> str:
    shown, target = amounts.rate(row.summary.generation_tok_s), row.summary.target_tok_s
    return shown if target is None else f"{shown}/{amounts.rate(target)}"


def _against(p50_s: float | None, p99_s: float | None, goal_s: float | None) -> str:
    """Both percentiles, and what the second is to keep within."""
    if p50_s is None and goal_s is None:
        return amounts.NOTHING
    goal = "" if goal_s is None else f" ≤{amounts.seconds(goal_s)}"
    return f"{amounts.seconds(p50_s)}/{amounts.seconds(p99_s)}{goal}"


def _ttft(row: FleetRow, now_s: float) -> str:
    return _against(row.summary.ttft_p50_s, row.summary.ttft_p99_s, row.summary.ttft_goal_s)


def _tpot(row: FleetRow, now_s: float) -> str:
    return _against(row.summary.tpot_p50_s, row.summary.tpot_p99_s, row.summary.tpot_goal_s)


def _waiting(row: FleetRow) -> int | None:
    return row.summary.num_requests_waiting + row.summary.num_requests_held if _seen(row) else None


def _gpus(row: FleetRow, now_s: float) -> str:
    return f"{row.summary.gpus_used}/{len(row.gpus)}" if row.gpus else amounts.NOTHING


def _cost(row: FleetRow, now_s: float) -> str:
    return amounts.NOTHING if row.summary.cost_per_hour is None else money_text(row.summary.cost_per_hour)


def _sources(row: FleetRow, now_s: float) -> str:
    """Whether all are heard, and the age of the one that was heard longest ago."""
    if row.heard_at_s is None:
        return "✖" if row.silent else amounts.NOTHING
    old_s = now_s - row.heard_at_s
    return f"✖ {amounts.age_in_steps(old_s)}" if row.silent or old_s > STALE_S else "ok"


def _decided(row: FleetRow, now_s: float) -> str:
    if row.decided_at_s is None:
        return amounts.NOTHING
    return f"{amounts.age(row.decided_at_s, now_s)} {clean(row.decided)}"


def _bad(missed: bool) -> Tone:
    return Tone.BAD if missed else Tone.PLAIN


def _over(name: str, row: FleetRow) -> bool:
    summary: Summary = row.summary
    return is_over(getattr(summary, f"{name}_p99_s"), getattr(summary, f"{name}_goal_s"))


COLUMNS: tuple[Column, ...] = (
    Column("fleet", "FLEET", 12, 0, text(lambda row: row.fleet), lambda row: (row.fleet, row.where), right=False),
    Column("where", "WHERE", 14, 1, text(lambda row: row.where), lambda row: (row.where, row.fleet), right=False),
    Column("state", "STATE", 10, 0, lambda row, now_s: state_text(row.state),
           lambda row: (urgency(row), row.fleet, row.where), right=False, tone=lambda row: TONES[row.state]),
    Column("ready", "READY", 7, 1, _ready, lambda row: row.summary.ready_replicas, tone=_ready_tone),
    Column("tok_s", "TOK/S", 13, 1, _tok_s, lambda row: row.summary.generation_tok_s,
           tone=lambda row: Tone.WARN if is_short(row.summary) else Tone.PLAIN),
    Column("ttft", "TTFT50/99", 18, 4, _ttft, lambda row: row.summary.ttft_p99_s,
           tone=lambda row: _bad(_over("ttft", row))),
    Column("tpot", "TPOT50/99", 18, 6, _tpot, lambda row: row.summary.tpot_p99_s,
           tone=lambda row: _bad(_over("tpot", row))),
    measured("wait", "WAIT", 4, 3, _waiting, amounts.count,
             lambda row: Tone.WARN if _waiting(row) else Tone.PLAIN),
    measured("flight", "FLIGHT", 6, 7, lambda row: row.summary.in_flight, amounts.count),
    measured("errors", "ERR/M", 5, 7, lambda row: row.summary.errors_per_min, amounts.rate,
             lambda row: _bad(bool(row.summary.errors_per_min))),
    Column("gpus", "GPUS", 6, 6, _gpus, lambda row: row.summary.gpus_used),
    Column("cost", "COST/H", 8, 8, _cost, lambda row: row.summary.cost_per_hour),
    Column("sources", "SOURCES", 8, 5, _sources, lambda row: row.heard_at_s, right=False, ages=True,
           tone=lambda row: _bad(bool(row.silent))),
    Column("profile", "PROFILE", 18, 9, text(lambda row: row.profile), lambda row: row.profile, right=False),
    Column("decided", "LAST DECISION", 34, 10, _decided, lambda row: row.decided_at_s, right=False,
           ages=True),
    Column("reason", "REASON", 12, 2, text(lambda row: row.reason), lambda row: row.reason, right=False, grows=True),
)  # fmt: skip
FLEETS = Listing(FleetRow, COLUMNS, FLEET_WORDS, lambda row: f"{row.where}/{row.fleet}", is_faulty)
