"""Which replicas are looked at: a filter as k9s has it, and an order."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any

from orchestrator.core.errors import UsageError
from orchestrator.core.live.replica_state import is_faulty, state_of
from orchestrator.core.live.snapshot import ReplicaRow

Predicate = Callable[[ReplicaRow], bool]
TERM = re.compile(r"(?P<key>[a-z_]+)(?P<how>!=|=|>|<)(?P<value>.+)")
WORDS: dict[str, Callable[[ReplicaRow], str]] = {
    "replica": lambda row: row.replica_id,
    "variant": lambda row: row.deployment,
    "state": lambda row: state_of(row).value,
    "host": lambda row: row.host,
    "device": lambda row: row.device,
    "reason": lambda row: row.reason,
    "revision": lambda row: row.revision,
}
NUMBERS: dict[str, Callable[[ReplicaRow], float | None]] = {
    "tok_s": lambda row: row.generation_tok_s,
    "run": lambda row: row.num_requests_running,
    "wait": lambda row: row.num_requests_waiting,
    "kv": lambda row: row.kv_cache_usage,
    "util": lambda row: row.utilization_percent,
    "temp": lambda row: row.temperature_c,
    "tpot": lambda row: row.tpot_s,
    "ttft": lambda row: row.ttft_p99_s,
    "hits": lambda row: row.prefix_cache_hits,
    "errors": lambda row: row.errors_per_min,
    "restarts": lambda row: row.restarts,
}
PLAIN = re.compile(r"[\w:/-]*", re.ASCII)  # a pattern that is the text which it finds
HINT = "e.g. a100, !gateway, state=failed, kv>0.9"


def predicate(text: str) -> Predicate:
    """Rows that meet every word of `text`: a pattern, `!` and one, or `key=value`; raises UsageError."""
    terms = [_term(word) for word in text.split()]
    if len(terms) == 1:
        return terms[0]
    return lambda row: all(term(row) for term in terms)


def selected(
    rows: Sequence[ReplicaRow], wanted: Predicate, key: Callable[[ReplicaRow], Any], reverse: bool, faults: bool
) -> list[ReplicaRow]:
    """Those that are wanted, in order; what has no value comes last, whichever way."""
    kept = [row for row in rows if wanted(row)]
    if faults:
        kept = [row for row in kept if is_faulty(row)]
    keys = list(map(key, kept))
    known, unknown = list[int](), list[int]()
    for place, value in enumerate(keys):
        (known if _has_place(value) else unknown).append(place)
    known.sort(key=keys.__getitem__, reverse=reverse)
    return [kept[place] for place in known + unknown]


def _has_place(value: Any) -> bool:
    """What is no number is unlike all numbers, itself included."""
    return value is not None and bool(value == value)


def _term(word: str) -> Predicate:
    if match := TERM.fullmatch(word):
        return _compared(match["key"], match["how"], match["value"])
    inverse, found = word.startswith("!"), _finder(word.removeprefix("!"))
    return lambda row: found(_searched(row)) is not inverse


def _finder(text: str) -> Callable[[str], bool]:
    """Whether a text has the pattern in it, in any case; plain words are found in half the time."""
    pattern, plain = _pattern(text), text.lower()
    if PLAIN.fullmatch(text):
        return lambda searched: plain in searched.lower()
    return lambda searched: pattern.search(searched) is not None


def _searched(row: ReplicaRow) -> str:
    return f"{row.replica_id} {row.deployment} {state_of(row)} {row.host} {row.device} {row.reason}"


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text, re.IGNORECASE)
    except re.error as wrong:
        raise UsageError(f"{text!r} is no pattern: {wrong}", hint=HINT) from wrong


def _compared(key: str, how: str, value: str) -> Predicate:
    if key in WORDS and how in ("=", "!="):
        word, pattern = WORDS[key], _pattern(value)
        return lambda row: (pattern.fullmatch(word(row)) is None) is (how == "!=")
    if key in NUMBERS and how in ("<", ">"):
        return _above(NUMBERS[key], _number(value), how)
    raise UsageError(f"there is no {key}{how}; words: {', '.join(WORDS)}; numbers: {', '.join(NUMBERS)}", hint=HINT)


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not isfinite(number):
        raise UsageError(f"{text!r} is no number", hint=HINT)
    return number


def _above(value: Callable[[ReplicaRow], float | None], limit: float, how: str) -> Predicate:
    def met(row: ReplicaRow) -> bool:
        found = value(row)
        return found is not None and (found > limit if how == ">" else found < limit)

    return met
