"""Clients that ask a fleet again and again, and what they were answered."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

FAILED = 0


@contextmanager
def steady_load(endpoint: str, clients: int, max_tokens: int) -> Iterator[Counter[int]]:
    """So many clients ask from now on; answers are counted by status, those that never came as FAILED."""
    answers: Counter[int] = Counter()
    stop, begin = threading.Event(), threading.Barrier(clients + 1)
    body = {"model": "demo", "prompt": "hello", "max_tokens": max_tokens}

    def ask() -> None:
        with httpx.Client(timeout=60) as client:
            begin.wait()
            while not stop.is_set():
                try:
                    answers[client.post(f"{endpoint}/completions", json=body).status_code] += 1
                except httpx.HTTPError:
                    answers[FAILED] += 1

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    begin.wait()
    try:
        yield answers
    finally:
        stop.set()
        for thread in threads:
            thread.join()
