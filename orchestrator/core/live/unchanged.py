"""What a reading tells just as the one before: so that nothing is worked out anew of a fleet that stands still."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

from orchestrator.core.live.reading import Reading

TOLD = tuple(each.name for each in fields(Reading) if each.name not in ("at_s", "sources"))


def shared(before: Reading | None, now: Reading) -> Reading:
    """`now`, which has what is equal from `before`, so that it need not be compared again."""
    if before is None:
        return now
    return replace(now, **{name: getattr(before, name) for name in TOLD if getattr(before, name) == getattr(now, name)})


def stands_still(before: Sequence[Reading], now: Reading) -> bool:
    """Whether the readings that the last snapshot was made of say what `now` says; each has been `shared`.

    Of one reading no rate was known.
    """
    return len(before) > 1 and all(_tells_the_same(each, now) for each in before)


def _tells_the_same(before: Reading, now: Reading) -> bool:
    return _errors(before) == _errors(now) and all(getattr(before, name) is getattr(now, name) for name in TOLD)


def _errors(reading: Reading) -> list[tuple[str, str | None]]:
    return [(source.name, source.error) for source in reading.sources]
