"""More at certain times: windows of the week in which a fleet is kept larger, whatever comes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EXAMPLE = "mon-fri 08:00-18:00 Europe/Berlin min=2"
TIMES = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]|24):([0-5]\d)")
DAY_MINUTES = 24 * 60


@dataclass(frozen=True)
class Window:
    """From `begin` to `end`, in minutes of a day; one that ends no later than it begins, ends on the day after."""

    days: tuple[int, ...]  # on which it begins, from 0 for Monday
    begin: int
    end: int
    timezone: str = "UTC"
    min_replicas: int = 0
    tok_s: float = 0.0

    def __str__(self) -> str:
        most = [f"min={self.min_replicas}"] * bool(self.min_replicas) + [f"tok-s={self.tok_s:g}"] * bool(self.tok_s)
        return f"{_days_text(self.days)} {_clock(self.begin)}-{_clock(self.end)} {self.timezone} {' '.join(most)}"


class Floor(NamedTuple):
    """What a fleet has at least."""

    min_replicas: int = 0
    tok_s: float = 0.0


def parse_window(text: str) -> Window:
    """Read e.g. EXAMPLE; raises ValueError, which says what was expected."""
    days, times, *rest = text.lower().split() if len(text.split()) > 2 else ("", "")
    matched = TIMES.fullmatch(times)
    if matched is None:
        raise ValueError(f"expected DAYS HH:MM-HH:MM [TIME ZONE] min=N or tok-s=N, e.g. '{EXAMPLE}', got {text!r}")
    hours = [int(part) for part in matched.groups()]
    begin, end = hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
    if end > DAY_MINUTES:
        raise ValueError(f"{times}: a day ends at 24:00")
    zones = [word for word in text.split()[2:] if "=" not in word]
    return Window(_days(days), begin, end, _timezone(zones), **_least(word for word in rest if "=" in word))


def window_from_data(data: Mapping[str, Any]) -> Window:
    """From JSON; raises TypeError or KeyError for another version's."""
    return Window(**{**data, "days": tuple(data["days"])})


def floor(windows: Iterable[Window], from_s: float, until_s: float) -> Floor:
    """The most that any window asks for at either of two Unix times: a cold start before it begins, it has to start."""
    times = [datetime.fromtimestamp(at_s, UTC) for at_s in (from_s, until_s)]
    open_ = [window for window in windows if any(_is_open(window, at) for at in times)]
    return Floor(
        max((window.min_replicas for window in open_), default=0), max((window.tok_s for window in open_), default=0.0)
    )


def _is_open(window: Window, at: datetime) -> bool:
    there = at.astimezone(ZoneInfo(window.timezone))
    minute, day = there.hour * 60 + there.minute, there.weekday()
    if window.begin < window.end:
        return day in window.days and window.begin <= minute < window.end
    begun_today = day in window.days and minute >= window.begin
    return begun_today or ((day - 1) % 7 in window.days and minute < window.end)


def _days(text: str) -> tuple[int, ...]:
    if text in ("daily", "*"):
        return tuple(range(7))
    return tuple(sorted({day for part in text.split(",") for day in _range(part)}))


def _days_text(days: tuple[int, ...]) -> str:
    """As ranges, e.g. "mon-fri"."""
    if len(days) == len(DAYS):
        return "daily"
    firsts = [day for day in days if day - 1 not in days]
    lasts = [day for day in days if day + 1 not in days]
    named = zip((DAYS[day] for day in firsts), (DAYS[day] for day in lasts), strict=True)
    return ",".join(first if first == last else f"{first}-{last}" for first, last in named)


def _range(text: str) -> list[int]:
    first, _, last = text.partition("-")
    if first not in DAYS or (last and last not in DAYS):
        raise ValueError(f"expected days such as mon-fri, sat,sun or daily, got {text!r}")
    begin = DAYS.index(first)
    count = (DAYS.index(last or first) - begin) % 7 + 1
    return [(begin + further) % 7 for further in range(count)]


def _timezone(names: list[str]) -> str:
    if len(names) > 1:
        raise ValueError(f"expected one time zone, got {' '.join(names)}")
    name = names[0] if names else "UTC"
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        raise ValueError(f"there is no time zone {name!r} here, expected e.g. UTC or Europe/Berlin") from error
    return name


def _least(words: Iterable[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for word in words:
        name, _, value = word.partition("=")
        if name == "min" and value.isdecimal() and 1 <= int(value) <= 256:
            found["min_replicas"] = int(value)
        elif name == "tok-s" and re.fullmatch(r"\d+(\.\d+)?", value) and 0 < float(value) <= 1e9:
            found["tok_s"] = float(value)
        else:
            raise ValueError(f"expected min=1 to min=256, or tok-s= with a number above 0, got {word!r}")
    if not found:
        raise ValueError("expected min=N or tok-s=N: what shall be there at these times")
    return found


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
