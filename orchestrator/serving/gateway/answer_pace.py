"""How fast the tokens of one answer come, as its client sees it."""

from __future__ import annotations

import time

NOT_TOKENS = 2  # events at the end: why it ended, and that it did
LEAST_TOKENS = 16  # of fewer, an event more or less changes too much


class AnswerPace:
    """Counts the events after the first write, each of which is a token but for `NOT_TOKENS`.

    vLLM and llama.cpp send an event a token, or one of several where they were guessed or the client was late; so the
    engine's own count goes before, where it tells one.
    """

    def __init__(self) -> None:
        self.began_s: float | None = None  # of the monotonic clock, when the first piece came
        self._events = 0

    def count(self, data: bytes) -> None:
        """Take whole events; this is on the path of every token."""
        if self.began_s is None:
            self.began_s = time.monotonic()
        else:
            self._events += data.count(b"\n\n")

    def tpot_s(self, written: int | None = None) -> float | None:
        """Seconds a token from the first until now, of so many by the engine's count; None of a short answer."""
        tokens = self._events - NOT_TOKENS if written is None else written - 1
        if self.began_s is None or tokens < LEAST_TOKENS:
            return None
        return (time.monotonic() - self.began_s) / tokens
