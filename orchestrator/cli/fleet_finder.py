"""Finds the fleets that were asked for, again and again, as they come and go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from orchestrator.cli.compose import found
from orchestrator.cli.compose.found import FleetPlace
from orchestrator.cli.compose.places import ClusterPlace
from orchestrator.cli.fleets_wish import Wish
from orchestrator.core.errors import EnvironmentNotReady, QorchError

Place = ClusterPlace | None
EVERY = "*"  # in the place of a name, where nobody tells which fleets there are


@dataclass(frozen=True)
class Found:
    """`absent` are asked for, and nowhere; `troubles` are places that cannot tell which fleets they have."""

    there: tuple[FleetPlace, ...]
    absent: tuple[FleetPlace, ...]
    troubles: dict[FleetPlace, QorchError]


class FleetFinder:
    """A place that cannot tell has the fleets that it had when it could."""

    def __init__(self, wish: Wish) -> None:
        self._wish = wish
        self._known: dict[Place, tuple[FleetPlace, ...]] = {}
        self._troubles: dict[Place, QorchError] = {}
        self._last: dict[str, FleetPlace] = {}  # by name, where it was seen last

    def find(self) -> Found:
        """Asks all places at once, and waits for the slowest."""
        with ThreadPoolExecutor(len(self._wish.places)) as asking:
            list(asking.map(self._ask, self._wish.places))
        there = tuple(each for place in self._wish.places for each in self._wanted(self._known.get(place, ())))
        self._last |= {each.name: each for each in there}
        unsure = [place for place in self._wish.places if place in self._troubles and place not in self._known]
        return Found(there, tuple(self._absent(there, unsure)), dict(self._in_trouble(there, unsure)))

    def _ask(self, place: Place) -> None:
        try:
            self._known[place] = found.fleets_at(place, self._wish.all_namespaces)
            self._troubles.pop(place, None)
        except QorchError as trouble:
            self._troubles[place] = trouble

    def _wanted(self, fleets: Iterable[FleetPlace]) -> Iterator[FleetPlace]:
        return (each for each in fleets if not self._wish.names or each.name in self._wish.names)

    def _absent(self, there: Sequence[FleetPlace], unsure: Sequence[Place]) -> Iterator[FleetPlace]:
        """Each in the place where it was last, or in the first."""
        seen = {each.name for each in there}
        if unsure:
            return
        for name in self._wish.names:
            if name not in seen:
                place = self._wish.places[0]
                yield self._last.get(name) or FleetPlace(name, found.where(place), place)

    def _in_trouble(
        self, there: Sequence[FleetPlace], unsure: Sequence[Place]
    ) -> Iterator[tuple[FleetPlace, QorchError]]:
        """A row for each fleet that may be in such a place."""
        seen = {each.name for each in there}
        for place in unsure:
            for name in [each for each in self._wish.names if each not in seen] or [EVERY]:
                yield FleetPlace(name, found.where(place), place), self._troubles[place]


def require_some(wish: Wish, fleets: Found) -> None:
    """Raises the error that there is no fleet, or that a place cannot tell, unless there is one."""
    if fleets.there:
        return
    for trouble in fleets.troubles.values():
        raise trouble
    named = f" named {' or '.join(wish.names)}" if wish.names else ""
    wheres = " or ".join("on this host" if each is None else f"in {found.where(each)}" for each in wish.places)
    raise EnvironmentNotReady(f"there is no fleet{named} {wheres}", hint="qorch up; without a fleet: qorch top --demo")
