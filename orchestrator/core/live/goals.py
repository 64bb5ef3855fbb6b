"""Whether clients get what they are to get."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.core.live.snapshot import Summary


def is_short(summary: Summary) -> bool:
    """Fewer tokens a second than the target are no fault while nobody waits."""
    waits = summary.num_requests_waiting + summary.num_requests_held > 0
    return summary.target_tok_s is not None and waits and (summary.generation_tok_s or 0.0) < summary.target_tok_s


def is_over(measured_s: float | None, goal_s: float | None) -> bool:
    return measured_s is not None and goal_s is not None and measured_s > goal_s


def missed(summary: Summary) -> Iterator[str]:
    """Each goal that is not met, in words."""
    if is_short(summary):
        waiting = summary.num_requests_waiting + summary.num_requests_held
        yield f"{summary.generation_tok_s or 0.0:,.0f} of {summary.target_tok_s:,.0f} tok/s while {waiting:,} wait"
    latencies = (
        ("TTFT", summary.ttft_p99_s, summary.ttft_goal_s),
        ("TPOT", summary.tpot_p99_s, summary.tpot_goal_s),
    )
    for name, measured_s, goal_s in latencies:
        if is_over(measured_s, goal_s):
            yield f"{name} p99 {measured_s:.3g} s is over {goal_s:g} s"
