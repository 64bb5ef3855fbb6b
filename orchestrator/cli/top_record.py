"""`qorch top --record` without a screen."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING

from orchestrator.cli.output import message
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.views.units import size_text

if TYPE_CHECKING:
    from tui.record_feed import RecordFeed

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def record_unseen(feed: RecordFeed, every_s: float, for_s: float | None) -> None:
    """Until `for_s` seconds have passed, or a signal ends it; raises EnvironmentNotReady where the disk ends it."""
    until = "a signal ends it" if for_s is None else f"{for_s:g} s have passed"
    try:
        with _ended_by_signals() as ended:
            message(f"recording {feed.name!r} to {feed.path} until {until}")
            _record(feed, every_s, for_s, ended)
    finally:
        feed.close()
    if feed.stopped:
        raise EnvironmentNotReady(f"{feed.path} ends after {feed.frames:,} looks: {feed.stopped}", hint="df -h")
    message(f"recorded {feed.frames:,} looks in {size_text(feed.bytes)}: qorch top --replay {feed.path}")


def _record(feed: RecordFeed, every_s: float, for_s: float | None, ended: Event) -> None:
    """Looks begin `every_s` apart, or one after the other where one takes longer."""
    began_s = next_s = time.monotonic()
    while not feed.stopped and not ended.wait(max(0.0, next_s - time.monotonic())):
        if for_s is not None and time.monotonic() - began_s > for_s:
            return
        feed.look()
        next_s = max(next_s + every_s, time.monotonic())


@contextmanager
def _ended_by_signals() -> Iterator[Event]:
    """Signals are noted, so that none breaks off the writing of a frame; those that are ignored stay so."""
    ended = Event()
    before = {number: signal.getsignal(number) for number in SIGNALS}
    heard = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    for number in heard:
        signal.signal(number, lambda *_: ended.set())
    try:
        yield ended
    finally:
        for number in heard:
            signal.signal(number, before[number])
