"""The columns of a fleet's replicas."""

from __future__ import annotations

from orchestrator.core.deployment import GATEWAY
from orchestrator.core.live.replica_state import ReplicaState, is_faulty, state_of, urgency
from orchestrator.core.live.replica_words import REPLICA_WORDS
from orchestrator.core.live.snapshot import ReplicaRow
from orchestrator.views.live import amounts
from orchestrator.views.live.column import Column, Listing, measured, text
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


COLUMNS: tuple[Column, ...] = (
    Column("replica", "REPLICA", 12, 0, text(lambda row: row.replica_id), lambda row: row.replica_id, right=False),
    Column("state", "STATE", 10, 0, _state, _order, right=False,
           tone=lambda row: TONES[state_of(row)]),
    Column("variant", "VARIANT", 18, 4, text(lambda row: row.deployment), lambda row: row.deployment, right=False),
    Column("host", "HOST", 14, 8, text(lambda row: row.host), lambda row: row.host, right=False),
    Column("gpu", "GPU", 7, 9, _gpus, lambda row: (row.host, row.gpus), right=False),
    measured("tok_s", "TOK/S", 7, 1, lambda row: row.generation_tok_s, amounts.rate),
    measured("share", "SHARE", 5, 6, _share, amounts.percent),
    measured("run", "RUN", 4, 2, lambda row: row.num_requests_running, amounts.count),
    measured("wait", "WAIT", 4, 2, lambda row: row.num_requests_waiting, amounts.count,
              lambda row: Tone.WARN if row.num_requests_waiting else Tone.PLAIN),
    measured("tpot", "TPOT", 6, 4, lambda row: row.tpot_s, amounts.seconds),
    Column("ttft", "TTFT50/99", 13, 5, _ttft, lambda row: row.ttft_p99_s),
    measured("kv", "KV", 4, 4, lambda row: row.kv_cache_usage, amounts.percent, _memory_tone),
    measured("util", "UTIL", 4, 5, lambda row: row.utilization_percent and row.utilization_percent / 100,
              amounts.percent),
    Column("memory", "MEMORY", 11, 5, lambda row, now_s: amounts.gibs(row.memory_used_bytes, row.memory_total_bytes),
           lambda row: row.memory_used_bytes),
    measured("hits", "HITS", 4, 9, lambda row: row.prefix_cache_hits, amounts.percent),
    measured("errors", "ERR/M", 5, 5, lambda row: row.errors_per_min, amounts.rate,
              lambda row: Tone.BAD if row.errors_per_min else Tone.PLAIN),
    measured("restarts", "RST", 3, 6, lambda row: row.restarts, amounts.count,
              lambda row: Tone.WARN if row.restarts else Tone.PLAIN),
    measured("temp", "TEMP", 4, 10, lambda row: row.temperature_c, amounts.degrees, _heat_tone),
    Column("power", "POWER", 9, 11, lambda row, now_s: amounts.watts(row.power_w, row.power_limit_w),
           lambda row: row.power_w),
    measured("prompt", "PROMPT/S", 8, 12, lambda row: row.prompt_tok_s, amounts.rate),
    measured("load", "LOAD", 6, 13, lambda row: row.load_s, amounts.seconds),
    Column("age", "AGE", 6, 7, lambda row, now_s: amounts.age(row.started_at_s, now_s), lambda row: row.started_at_s,
           ages=True),
    Column("revision", "REVISION", 24, 14, text(lambda row: row.revision), lambda row: row.revision, right=False),
    Column("reason", "REASON", 28, 3, _reason,
           lambda row: row.reason, right=False, grows=True, ages=True),
)  # fmt: skip
REPLICAS = Listing(ReplicaRow, COLUMNS, REPLICA_WORDS, lambda row: row.replica_id, is_faulty)
