"""What the head says of a recording that is shown, or made."""

from __future__ import annotations

from datetime import datetime

from orchestrator.core.live.playback import Playback
from orchestrator.views.live.amounts import NOTHING
from orchestrator.views.units import size_text


def clock_text(at_s: float) -> str:
    """A moment of Unix time as a clock on the wall, e.g. "12:03:05"; a dash where no clock shows it."""
    try:
        return datetime.fromtimestamp(at_s).strftime("%H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return NOTHING


def playback_text(playback: Playback, simulated: bool) -> str:
    """E.g. "replay 12:03:05 (34%) 4x paused"."""
    what = "simulated, no fleet:" if simulated else "replay"
    return f"{what} {clock_text(playback.at_s)} ({playback.share:.0%}) {playback.speed:g}x{_state(playback)}"


def recording_text(size_bytes: int, stopped: str = "") -> str:
    """`stopped` says why nothing more is recorded."""
    return f"not recorded: {stopped}" if stopped else f"recording {size_text(size_bytes)}"


def _state(playback: Playback) -> str:
    if playback.paused:
        return " paused"
    return " at its end" if playback.at_s >= playback.end_s and not playback.loops else ""
