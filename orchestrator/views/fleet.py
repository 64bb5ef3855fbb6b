"""A fleet as rows, text and data; the command line, the TUI and JSON share them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from orchestrator.core.deployment import GATEWAY, Predicted
from orchestrator.core.fleet import Condition, Fleet, Replica
from orchestrator.core.held import Held
from orchestrator.views.scaling import scaling_lines
from orchestrator.views.table import table
from orchestrator.views.units import age_text, size_text

HEADERS = ("REPLICA", "KIND", "STATE", "REASON", "AGE", "MEMORY", "TOK/S")
WIDE_HEADERS = (*HEADERS, "PID", "ENGINE PID", "PORT", "LOAD", "RUNNING", "WAITING", "PROMPT TOK", "GENERATED TOK")


def fleet_text(fleet: Fleet, now_s: float, wide: bool = False) -> str:
    """What `qorch status` prints: the fleet in one line, its conditions, a row a replica."""
    bounds = f" ({fleet.scaling.bounds})" if fleet.scaling else ""
    head = (
        f"{fleet.name}: {fleet.phase}  {fleet.ready_replicas}/{fleet.target_num_replicas} ready{bounds}  "
        f"{fleet.profile} on {fleet.engine}  {fleet.endpoint}"
    )
    rows = replica_rows(fleet, now_s, wide)
    said = [_predicted_line(name, said) for name, said in fleet.predicted]
    said += [f"LoRA adapters: {', '.join(fleet.loras)}"] if fleet.loras else []
    said += scaling_lines(fleet.scaling, now_s, wide) if fleet.scaling else []
    said += [_held_line(fleet.held, now_s)] if fleet.held else []
    body = table(WIDE_HEADERS if wide else HEADERS, rows)
    return "\n".join([head, *said, "", *map(_condition_line, fleet.conditions), "", body])


def replica_rows(fleet: Fleet, now_s: float, wide: bool = False) -> list[tuple[str, ...]]:
    """One row a replica, engines first."""
    ordered = sorted(fleet.replicas, key=lambda one: (one.deployment == GATEWAY, one.deployment, one.replica_id))
    return [_row(replica, now_s) + (_wide(replica) if wide else ()) for replica in ordered]


def fleet_data(fleet: Fleet) -> dict[str, Any]:
    """The fleet for `-o json|yaml`."""
    data = asdict(fleet)
    return {**data, "phase": fleet.phase.value, "ready_replicas": fleet.ready_replicas}


def _condition_line(condition: Condition) -> str:
    return f"  {'yes' if condition.status else 'NO '}  {condition.type}: {condition.message} ({condition.reason})"


def _row(replica: Replica, now_s: float) -> tuple[str, ...]:
    started = "-" if replica.started_at_s is None else age_text(now_s - replica.started_at_s)
    return (replica.replica_id, replica.deployment, replica.state, _reason(replica), started, *_measured(replica))


def _predicted_line(variant: str, said: Predicted) -> str:
    """What the plan says of one replica, to be held against MEMORY and TOK/S."""
    speed = "speed not predicted"
    if said.speed is not None:
        speed = f"{said.speed.decode_tok_s:,.1f} tok/s a stream, {said.speed.saturation_tok_s:,.0f} tok/s with many"
    return f"planned for each replica of {variant}: at most {size_text(said.memory_bytes)}; {speed}"


def _held_line(held: Held, now_s: float) -> str:
    oldest = age_text(now_s - held.oldest_since_s)
    expected = f"expected in {held.expected_wait_s:.0f}s" if held.expected_wait_s > 0 else "overdue"
    return f"requests held: {held.requests:,}, the oldest for {oldest}; {held.reason}, {expected}"


def _measured(replica: Replica) -> tuple[str, str]:
    """The engine's memory, and what one stream has had on average since the engine started."""
    engine = replica.engine
    if engine is None:
        return "-", "-"
    memory = "-" if engine.memory_bytes is None else size_text(engine.memory_bytes)
    return memory, "-" if engine.decode_tok_s is None else f"{engine.decode_tok_s:,.1f}"


def _reason(replica: Replica) -> str:
    if replica.engine is not None:
        return replica.engine.reason
    if replica.reason:
        return replica.reason
    return "-" if replica.deployment == GATEWAY else "not seen by the gateway"


def _wide(replica: Replica) -> tuple[str, ...]:
    engine = replica.engine
    pid = "-" if replica.pid is None else str(replica.pid)
    if engine is None:
        return (pid, *("-" * 7))
    return (
        pid,
        str(engine.pid),
        str(engine.port),
        f"{engine.load_s:.1f}s",
        str(engine.num_requests_running),
        str(engine.num_requests_waiting),
        f"{engine.prompt_tokens_total:,}",
        f"{engine.generation_tokens_total:,}",
    )
