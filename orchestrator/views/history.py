"""What a fleet recorded of its load, and whether its decisions are made again as they were."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from orchestrator.core.amounts import counted
from orchestrator.core.scaling.load_minutes import LoadMinute, unbroken
from orchestrator.core.scaling.verify import Verified
from orchestrator.views.table import table
from orchestrator.views.units import local_time

HEADERS = ("FROM", "REQUESTS", "PROMPT TOK/S", "GENERATED TOK/S", "BUSY", "WAITING", "HELD", "READY", "ASKED")
COLUMNS = ("t_s", "requests", "prompt_tokens", "generation_tokens")


def minutes_text(minutes: Sequence[LoadMinute]) -> str:
    """A row for each, the latest last."""
    if not minutes:
        return "no load was recorded"
    return table(HEADERS, [_row(each) for each in minutes])


def minutes_data(minutes: Sequence[LoadMinute]) -> list[dict[str, Any]]:
    """The oldest first; times are Unix times."""
    return [asdict(each) for each in minutes]


def recording(minutes: Sequence[LoadMinute]) -> Iterator[str]:
    """The lines of a CSV file that `qorch simulate` reads."""
    yield ",".join(COLUMNS)
    for each in unbroken(minutes):
        amounts = (each.begin_s, each.requests, each.prompt_tokens, each.generation_tokens)
        yield ",".join(f"{amount:.15g}" for amount in amounts)


def verified_text(found: Verified) -> str:
    if not found.looks:
        return "no look was recorded"
    looks = counted(found.looks, "look")
    reach = f"{looks} from {local_time(found.begin_s)} to {local_time(found.end_s)}"
    if found.difference is None:
        return f"{reach}: every decision comes out again as it was made, bit for bit"
    what = found.difference
    return "\n".join([
        f"{reach}: the last of them, at {what.at_s!r}, is decided otherwise now",
        f"  {what.step}, as recorded: {what.recorded}",
        f"  {what.step}, again: {what.again}",
    ])  # fmt: skip


def verified_data(found: Verified) -> dict[str, Any]:
    return asdict(found)


def _row(minute: LoadMinute) -> tuple[str, ...]:
    seconds = minute.watched_s or 1.0
    return (
        local_time(minute.begin_s),
        f"{minute.requests:,.0f}",
        f"{minute.prompt_tokens / seconds:,.1f}",
        f"{minute.generation_tokens / seconds:,.1f}",
        f"{minute.demand:.2f}",
        f"{minute.waiting:,.0f}",
        f"{minute.held:,.0f}",
        f"{minute.ready}",
        f"{minute.asked}",
    )
