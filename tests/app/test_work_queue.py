"""Each key once, when it is due, and ever later while it fails."""

from __future__ import annotations

import threading
from itertools import islice

from orchestrator.app.work_queue import LONGEST_RETRY_S, WorkQueue


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def taken(queue: WorkQueue[str], count: int) -> list[str]:
    return list(islice(iter(queue), count))


def test_a_key_that_is_asked_for_often_comes_once_at_its_earliest_time():
    clock = Clock()
    queue = WorkQueue[str](clock)
    for after_s in (5.0, 1.0, 9.0):
        queue.add("a", after_s)
    queue.add("b", 3.0)
    clock.now_s = 1.0
    assert taken(queue, 1) == ["a"]
    assert len(queue) == 1


def test_of_equal_times_the_first_that_was_asked_for_comes_first():
    queue = WorkQueue[str](Clock())
    for key in ("c", "a", "b"):
        queue.add(key)
    assert taken(queue, 3) == ["c", "a", "b"]


def test_what_fails_waits_twice_as_long_each_time_until_it_goes_well():
    queue = WorkQueue[str](Clock())
    waits = [queue.retry("a") for _ in range(12)]
    assert waits[:4] == [1.0, 2.0, 4.0, 8.0]
    assert waits[-1] == LONGEST_RETRY_S
    assert queue.is_failing("a")
    queue.done("a")
    assert queue.retry("a") == 1.0


def test_a_queue_that_ends_lets_its_worker_go():
    queue = WorkQueue[str](Clock())
    queue.add("later", 60.0)
    worker = threading.Thread(target=lambda: list(queue))
    worker.start()
    queue.end()
    worker.join(10)
    assert not worker.is_alive()
