"""What is to be done again and when: each key once, however often it was asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator
from typing import Generic, TypeVar

FIRST_RETRY_S, LONGEST_RETRY_S = 1.0, 300.0

Key = TypeVar("Key", bound=Hashable)


class WorkQueue(Generic[Key]):
    """The earliest time that a key was asked for counts; of equal times the first that was asked for."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._due_s: dict[Key, float] = {}  # in the order of asking
        self._failures: dict[Key, int] = {}
        self._news = threading.Condition()
        self.ended = False

    def __len__(self) -> int:
        return len(self._due_s)

    def add(self, key: Key, after_s: float = 0.0) -> None:
        with self._news:
            due_s = self._clock() + after_s
            self._due_s[key] = min(due_s, self._due_s.get(key, due_s))
            self._news.notify_all()

    def retry(self, key: Key) -> float:
        """Again, after twice as long as the last time; the seconds until then."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        after_s = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2.0 ** min(failures, 16))
        self.add(key, after_s)
        return after_s

    def done(self, key: Key) -> None:
        """It went well: the next failure is a first one."""
        self._failures.pop(key, None)

    def is_failing(self, key: Key) -> bool:
        return key in self._failures

    def __iter__(self) -> Iterator[Key]:
        """Each key when it is due, until the queue ends."""
        while True:
            with self._news:
                while not self.ended and not self._is_due():
                    self._news.wait(self._wait_s())
                if self.ended:
                    return
                key = self._first()
                del self._due_s[key]
            yield key

    def end(self) -> None:
        with self._news:
            self.ended = True
            self._news.notify_all()

    def _first(self) -> Key:
        return min(self._due_s, key=self._due_s.__getitem__)

    def _is_due(self) -> bool:
        return bool(self._due_s) and self._wait_s() == 0

    def _wait_s(self) -> float | None:
        return max(0.0, self._due_s[self._first()] - self._clock()) if self._due_s else None
