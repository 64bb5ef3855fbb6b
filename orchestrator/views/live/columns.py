"""The columns of the fleet's table: what each shows, what it sorts by, and which give way first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from orchestrator.core.deployment import GATEWAY
from orchestrator.core.live.replica_state import ReplicaState, state_of, urgency
from orchestrator.core.live.snapshot import ReplicaRow
from orchestrator.views.live import amounts
from orchestrator.views.live.span import Tone, clean
from orchestrator.views.live.start import starting_text

GLYPHS = {
    ReplicaState.READY: "●",
    ReplicaState.STARTING: "◐",
    ReplicaState.DRAINING: "◌",
    ReplicaState.DRAINED: "○",
    ReplicaState.FAILED: "✖",
    ReplicaState.UNKNOWN: "?",
}
TONES = {
    ReplicaState.READY: Tone.GOOD,
    ReplicaState.STARTING: Tone.WARN,
    ReplicaState.DRAINING: Tone.DIM,
    ReplicaState.DRAINED: Tone.WARN,
    ReplicaState.FAILED: Tone.BAD,
    ReplicaState.UNKNOWN: Tone.WARN,
}
NEARLY_FULL = 0.9
HOT_C = 85

Cell = Callable[[ReplicaRow, float], str]
Key = Callable[[ReplicaRow], Any]


@dataclass(frozen=True)
class Column:
    """`rank` 0 is always there; of the others the highest goes first where a terminal is narrow."""

    name: str
    title: str
    width: int
    rank: int
    cell: Cell  # of a row, at a moment of Unix time
    key: Key  # to sort by; None comes last
    right: bool = True
    tone: Callable[[ReplicaRow], Tone] = lambda row: Tone.PLAIN
    grows: bool = False  # takes what room is left
    ages: bool = False  # another as time goes on, though the row is the same


def _state(row: ReplicaRow, now_s: float) -> str:
    state = state_of(row)
    return f"{GLYPHS[state]} {state.value}"


def _order(row: ReplicaRow) -> tuple[int, bool, str]:
    """What somebody should look at first; of those that are alike, gateways last."""
    return urgency(row), row.deployment == GATEWAY, row.replica_id


def _gpus(row: ReplicaRow, now_s: float) -> str:
    return ",".join(map(str, row.gpus)) if row.gpus else amounts.NOTHING


def reason_text(row: ReplicaRow, now_s: float) -> str:
    """Why it is as it is, and of one that starts how long it has."""
    if row.throttled:
        return f"clocks held down: {row.throttled}"
    return ", ".join(filter(None, (row.reason, starting_text(row, now_s))))


def _reason(row: ReplicaRow, now_s: float) -> str:
    return clean(reason_text(row, now_s)) or amounts.NOTHING


def _ttft(row: ReplicaRow, now_s: float) -> str:
    if row.ttft_p50_s is None:
        return amounts.NOTHING
    return f"{amounts.seconds(row.ttft_p50_s)}/{amounts.seconds(row.ttft_p99_s)}"


def _share(row: ReplicaRow) -> float | None:
    """Of what it is to write, how much it writes."""
    if row.generation_tok_s is None or not row.share_tok_s:
        return None
    return row.generation_tok_s / row.share_tok_s


def _memory_tone(row: ReplicaRow) -> Tone:
    return Tone.WARN if row.kv_cache_usage is not None and row.kv_cache_usage > NEARLY_FULL else Tone.PLAIN


def _heat_tone(row: ReplicaRow) -> Tone:
    if row.throttled:
        return Tone.BAD
    return Tone.WARN if row.temperature_c is not None and row.temperature_c >= HOT_C else Tone.PLAIN


def _text(value: Callable[[ReplicaRow], str]) -> Cell:
    return lambda row, now_s: clean(value(row)) or amounts.NOTHING


def _number(value: Callable[[ReplicaRow], float | None], shown: Callable[[float | None], str]) -> Cell:
    return lambda row, now_s: shown(value(row))


def _measured(
    name: str, title: str, width: int, rank: int, value: Callable[[ReplicaRow], float | None],
    shown: Callable[[float | None], str], tone: Callable[[ReplicaRow], Tone] = lambda row: Tone.PLAIN,
) -> Column:  # fmt: skip
    return Column(name, title, width, rank, _number(value, shown), value, tone=tone)


COLUMNS: tuple[Column, ...] = (
    Column("replica", "REPLICA", 12, 0, _text(lambda row: row.replica_id), lambda row: row.replica_id, right=False),
    Column("state", "STATE", 10, 0, _state, _order, right=False,
           tone=lambda row: TONES[state_of(row)]),
    Column("variant", "VARIANT", 18, 4, _text(lambda row: row.deployment), lambda row: row.deployment, right=False),
    Column("host", "HOST", 14, 8, _text(lambda row: row.host), lambda row: row.host, right=False),
    Column("gpu", "GPU", 7, 9, _gpus, lambda row: (row.host, row.gpus), right=False),
    _measured("tok_s", "TOK/S", 7, 1, lambda row: row.generation_tok_s, amounts.rate),
    _measured("share", "SHARE", 5, 6, _share, amounts.percent),
    _measured("run", "RUN", 4, 2, lambda row: row.num_requests_running, amounts.count),
    _measured("wait", "WAIT", 4, 2, lambda row: row.num_requests_waiting, amounts.count,
              lambda row: Tone.WARN if row.num_requests_waiting else Tone.PLAIN),
    _measured("tpot", "TPOT", 6, 4, lambda row: row.tpot_s, amounts.seconds),
    Column("ttft", "TTFT50/99", 13, 5, _ttft, lambda row: row.ttft_p99_s),
    _measured("kv", "KV", 4, 4, lambda row: row.kv_cache_usage, amounts.percent, _memory_tone),
    _measured("util", "UTIL", 4, 5, lambda row: row.utilization_percent and row.utilization_percent / 100,
              amounts.percent),
    Column("memory", "MEMORY", 11, 5, lambda row, now_s: amounts.gibs(row.memory_used_bytes, row.memory_total_bytes),
           lambda row: row.memory_used_bytes),
    _measured("hits", "HITS", 4, 9, lambda row: row.prefix_cache_hits, amounts.percent),
    _measured("errors", "ERR/M", 5, 5, lambda row: row.errors_per_min, amounts.rate,
              lambda row: Tone.BAD if row.errors_per_min else Tone.PLAIN),
    _measured("restarts", "RST", 3, 6, lambda row: row.restarts, amounts.count,
              lambda row: Tone.WARN if row.restarts else Tone.PLAIN),
    _measured("temp", "TEMP", 4, 10, lambda row: row.temperature_c, amounts.degrees, _heat_tone),
    Column("power", "POWER", 9, 11, lambda row, now_s: amounts.watts(row.power_w, row.power_limit_w),
           lambda row: row.power_w),
    _measured("prompt", "PROMPT/S", 8, 12, lambda row: row.prompt_tok_s, amounts.rate),
    _measured("load", "LOAD", 6, 13, lambda row: row.load_s, amounts.seconds),
    Column("age", "AGE", 6, 7, lambda row, now_s: amounts.age(row.started_at_s, now_s), lambda row: row.started_at_s,
           ages=True),
    Column("revision", "REVISION", 24, 14, _text(lambda row: row.revision), lambda row: row.revision, right=False),
    Column("reason", "REASON", 28, 3, _reason,
           lambda row: row.reason, right=False, grows=True),
)  # fmt: skip
BY_NAME = {column.name: column for column in COLUMNS}


def fitting(width: int) -> tuple[Column, ...]:
    """Those for which a terminal has room, in their order."""
    kept = sorted(COLUMNS, key=lambda column: column.rank)
    while len(kept) > 1 and sum(column.width + 1 for column in kept) > width + 1:
        kept.pop()
    return tuple(column for column in COLUMNS if column in kept)


def widths(columns: tuple[Column, ...], width: int) -> tuple[int, ...]:
    """Of each, so that the one that grows takes what is left."""
    left = max(0, width - sum(column.width + 1 for column in columns) + 1)
    growing = [column for column in columns if column.grows]
    extra = left // len(growing) if growing else 0
    return tuple(column.width + (extra if column.grows else 0) for column in columns)
