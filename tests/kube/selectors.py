"""Label and field selectors as predicates over objects."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import reduce
from typing import Any

from tests.kube.errors import bad_request
from tests.kube.kinds import Kind, Object

Predicate = Callable[[Object], bool]
_IN_SET = re.compile(r"^\s*(\S+)\s+(in|notin)\s*\(([^)]*)\)\s*$")
_EQUALS = re.compile(r"^\s*([^\s=!]+)\s*(==|=|!=)\s*([^\s=!]*)\s*$")
_EXISTS = re.compile(r"^\s*(!?)\s*([^\s=!]+)\s*$")


def label_predicate(selector: str) -> Predicate:
    """`a=b,c!=d,e in (f,g),h,!i`; an empty selector takes everything."""
    terms = [_label_term(term) for term in re.split(r",(?![^()]*\))", selector) if term.strip()]
    return lambda item: all(term(item["metadata"].get("labels") or {}) for term in terms)


def _label_term(term: str) -> Callable[[dict[str, str]], bool]:
    if match := _IN_SET.match(term):
        name, word, values = match[1], match[2], {each.strip() for each in match[3].split(",")}
        return lambda labels: (labels.get(name) in values) is (word == "in")
    if match := _EQUALS.match(term):
        name, sign, value = match[1], match[2], match[3]
        return lambda labels: (labels.get(name) == value) is (sign != "!=")
    if match := _EXISTS.match(term):
        absent, name = match[1], match[2]
        return lambda labels: (name in labels) is not bool(absent)
    raise bad_request(f"unable to parse requirement: found '{term.strip()}'")


def field_predicate(selector: str, kind: Kind) -> Predicate:
    """`metadata.name=x,status.phase!=y`, of the fields that the kind lets be selected."""
    terms = [_field_term(term, kind) for term in selector.split(",") if term.strip()]
    return lambda item: all(term(item) for term in terms)


def _field_term(term: str, kind: Kind) -> Predicate:
    match = _EQUALS.match(term)
    if not match:
        raise bad_request(f"invalid selector: '{term}'; can't understand '{term}'")
    path, sign, value = match[1], match[2], match[3]
    if path not in ("metadata.name", "metadata.namespace", *kind.selectable):
        raise bad_request(f"field label not supported: {path}")
    return lambda item: (_text(at(item, path)) == value) is (sign != "!=")


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value or "")


def at(item: Object, path: str) -> Any:
    """The value at a dotted path, or None."""
    return reduce(
        lambda part, name: part.get(name) if isinstance(part, dict) else None, path.strip(".").split("."), item
    )
