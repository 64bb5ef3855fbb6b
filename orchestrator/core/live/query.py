"""Which rows of a table are looked at: a filter as k9s has it, and an order."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, TypeVar

from orchestrator.core.errors import UsageError

Row = TypeVar("Row")
Predicate = Callable[[Any], bool]
TERM = re.compile(r"(?P<key>[a-z_]+)(?P<how>!=|=|>|<)(?P<value>.+)")
PLAIN = re.compile(r"[\w:/-]*", re.ASCII)  # a pattern that is the text which it finds


@dataclass(frozen=True)
class Vocabulary:
    """What a filter can name of one kind of row: words, numbers, and the text that a bare pattern is looked for in."""

    words: Mapping[str, Callable[[Any], str]]
    numbers: Mapping[str, Callable[[Any], float | None]]
    text: Callable[[Any], str]
    example: str


def predicate(text: str, vocabulary: Vocabulary) -> Predicate:
    """Rows that meet every word of `text`: a pattern, `!` and one, or `key=value`; raises UsageError."""
    terms = [_term(word, vocabulary) for word in text.split()]
    if len(terms) == 1:
        return terms[0]
    return lambda row: all(term(row) for term in terms)


def selected(rows: Sequence[Row], wanted: Predicate, key: Callable[[Row], Any], reverse: bool) -> list[Row]:
    """Those that are wanted, in order; what has no value comes last, whichever way."""
    kept = list(filter(wanted, rows))
    keys = list(map(key, kept))
    known, unknown = list[int](), list[int]()
    for place, value in enumerate(keys):
        (known if _has_place(value) else unknown).append(place)
    known.sort(key=keys.__getitem__, reverse=reverse)
    return [kept[place] for place in known + unknown]


def _has_place(value: Any) -> bool:
    """What is no number is unlike all numbers, itself included."""
    return value is not None and bool(value == value)


def _term(word: str, vocabulary: Vocabulary) -> Predicate:
    if match := TERM.fullmatch(word):
        return _compared(match["key"], match["how"], match["value"], vocabulary)
    inverse, found = word.startswith("!"), _finder(word.removeprefix("!"), vocabulary)
    return lambda row: found(vocabulary.text(row)) is not inverse


def _finder(text: str, vocabulary: Vocabulary) -> Callable[[str], bool]:
    """Whether a text has the pattern in it, in any case; plain words are found in half the time."""
    pattern, plain = _pattern(text, vocabulary), text.lower()
    if PLAIN.fullmatch(text):
        return lambda searched: plain in searched.lower()
    return lambda searched: pattern.search(searched) is not None


def _pattern(text: str, vocabulary: Vocabulary) -> re.Pattern[str]:
    try:
        return re.compile(text, re.IGNORECASE)
    except re.error as wrong:
        raise UsageError(f"{text!r} is no pattern: {wrong}", hint=_hint(vocabulary)) from wrong


def _compared(key: str, how: str, value: str, vocabulary: Vocabulary) -> Predicate:
    words, numbers = vocabulary.words, vocabulary.numbers
    if key in words and how in ("=", "!="):
        word, pattern = words[key], _pattern(value, vocabulary)
        return lambda row: (pattern.fullmatch(word(row)) is None) is (how == "!=")
    if key in numbers and how in ("<", ">"):
        return _above(numbers[key], _number(value, vocabulary), how)
    known = f"words: {', '.join(words)}; numbers: {', '.join(numbers)}"
    raise UsageError(f"there is no {key}{how}; {known}", hint=_hint(vocabulary))


def _number(text: str, vocabulary: Vocabulary) -> float:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not isfinite(number):
        raise UsageError(f"{text!r} is no number", hint=_hint(vocabulary))
    return number


def _hint(vocabulary: Vocabulary) -> str:
    return f"e.g. {vocabulary.example}"


def _above(value: Callable[[Any], float | None], limit: float, how: str) -> Predicate:
    def met(row: Any) -> bool:
        found = value(row)
        return found is not None and (found > limit if how == ">" else found < limit)

    return met
