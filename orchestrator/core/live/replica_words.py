"""What a filter of replicas can name."""

from __future__ import annotations

from orchestrator.core.live.query import Vocabulary
from orchestrator.core.live.replica_state import state_of
from orchestrator.core.live.snapshot import ReplicaRow


def _text(row: ReplicaRow) -> str:
    return f"{row.replica_id} {row.deployment} {state_of(row).value} {row.host} {row.device} {row.reason}"


REPLICA_WORDS = Vocabulary(
    words={
        "replica": lambda row: row.replica_id,
        "variant": lambda row: row.deployment,
        "state": lambda row: state_of(row).value,
        "host": lambda row: row.host,
        "device": lambda row: row.device,
        "reason": lambda row: row.reason,
        "revision": lambda row: row.revision,
    },
    numbers={
        "tok_s": lambda row: row.generation_tok_s,
        "run": lambda row: row.num_requests_running,
        "wait": lambda row: row.num_requests_waiting,
        "kv": lambda row: row.kv_cache_usage,
        "util": lambda row: row.utilization_percent,
        "temp": lambda row: row.temperature_c,
        "tpot": lambda row: row.tpot_s,
        "ttft": lambda row: row.ttft_p99_s,
        "hits": lambda row: row.prefix_cache_hits,
        "errors": lambda row: row.errors_per_min,
        "restarts": lambda row: row.restarts,
    },
    text=_text,
    example="a100, !gateway, state=failed, kv>0.9",
)
