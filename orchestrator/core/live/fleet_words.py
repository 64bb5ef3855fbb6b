"""What a filter of fleets can name."""

from __future__ import annotations

from orchestrator.core.live.fleet_row import FleetRow
from orchestrator.core.live.query import Vocabulary


def _text(row: FleetRow) -> str:
    return f"{row.fleet} {row.where} {row.state.value} {row.model} {row.profile} {row.reason} {row.silent}"


FLEET_WORDS = Vocabulary(
    words={
        "fleet": lambda row: row.fleet,
        "where": lambda row: row.where,
        "state": lambda row: row.state.value,
        "model": lambda row: row.model,
        "profile": lambda row: row.profile,
        "reason": lambda row: row.reason,
    },
    numbers={
        "tok_s": lambda row: row.summary.generation_tok_s,
        "target": lambda row: row.summary.target_tok_s,
        "ttft": lambda row: row.summary.ttft_p99_s,
        "tpot": lambda row: row.summary.tpot_p99_s,
        "run": lambda row: row.summary.num_requests_running,
        "wait": lambda row: row.summary.num_requests_waiting + row.summary.num_requests_held,
        "failed": lambda row: row.summary.failed_replicas,
        "errors": lambda row: row.summary.errors_per_min,
        "cost": lambda row: row.summary.cost_per_hour,
    },
    text=_text,
    example="lab, !ready, state=behind, wait>5",
)
