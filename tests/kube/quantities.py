"""Quantities as Go programs write them back: `1000m` becomes `1`, `1024Mi` becomes `1Gi`."""

from __future__ import annotations

import re
from fractions import Fraction

_FORM = re.compile(r"^([+-]?(?:\d+\.?\d*|\.\d+))(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE])?$")
_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_DECIMAL = ("n", "u", "m", "", "k", "M", "G", "T", "P", "E")


def canonical(quantity: str | int) -> str:
    """The quantity with the largest suffix that leaves a whole number; exponents are left alone."""
    match = _FORM.match(str(quantity))
    if not match:
        return str(quantity)
    number, suffix = Fraction(match[1]), match[2] or ""
    if suffix in _BINARY[1:]:
        whole = number * 1024 ** _BINARY.index(suffix)
        if whole.denominator == 1 and abs(whole) >= 1024:
            return _largest(int(whole), 1024, _BINARY)
        number, suffix = whole, ""
    return _largest(round(number * 1000 ** _DECIMAL.index(suffix)), 1000, _DECIMAL)


def _largest(whole: int, step: int, suffixes: tuple[str, ...]) -> str:
    power = 0
    while whole and whole % step == 0 and power < len(suffixes) - 1:
        whole, power = whole // step, power + 1
    return f"{whole}{suffixes[power]}" if whole else "0"
