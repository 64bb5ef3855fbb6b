"""The dashboard over several fleets: a row for each, from which it has the screens that one alone has."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from itertools import cycle, islice
from math import ceil
from typing import Any

from orchestrator.core.errors import EnvironmentNotReady, QorchError, UsageError
from orchestrator.core.live.fleet_row import FleetRow
from orchestrator.core.live.snapshot import ReplicaRow, Snapshot
from orchestrator.views.live.palette import DARK
from orchestrator.views.live.span import clean
from tui import commands, pages
from tui.app import TopApp
from tui.commanded import CommandedApp
from tui.screens.base import TopScreen
from tui.screens.detail import DetailScreen
from tui.screens.fleet import FleetScreen
from tui.screens.fleets import FleetsScreen
from tui.screens.one_of_several import OneOfSeveralScreen
from tui.watched_fleet import WatchedFleet

FIND_S = 10.0  # between two looks for fleets that have come
LOOKS_PER_S = 10  # at most: a look takes 5 ms
TOGETHER_S = 0.1  # in which looks that come back are shown at once
PATIENCE_LOOKS, PATIENCE_S = 3, 10.0  # after which it is not known how a fleet is
Find = Callable[[], Sequence[WatchedFleet]]


class FleetsApp(TopApp):
    """`find` has the fleets there are now, those that were there before as the same objects; it is asked aside."""

    def __init__(self, fleets: Sequence[WatchedFleet], find: Find, every_s: float, theme: str = DARK.name) -> None:
        CommandedApp.__init__(self, fleets[0], theme)
        self._every_s = every_s
        self._fleets = tuple(fleets)
        self._find = find
        self._overview = FleetsScreen()
        self._will_show = False
        self._turn = 0  # the first of those that are looked at next

    def on_ready(self) -> None:
        self.set_interval(FIND_S, lambda: self._aside(self._look_for_fleets))

    @property
    def _first(self) -> TopScreen:
        return self._overview

    def _watched(self) -> Iterable[WatchedFleet]:
        return self._fleets

    def _due(self) -> Iterable[WatchedFleet]:
        """The one that is shown, and of others so many as are not too many, in turn; those that nothing is known of."""
        begin, many = self._turn, min(self._at_once, len(self._fleets))
        self._turn = (begin + many) % max(1, len(self._fleets))
        new = (each for each in self._fleets if each.snapshot is None)
        shown = (self._shown,) if self._opened else ()
        return (*shown, *new, *islice(cycle(self._fleets), begin, begin + many))

    @property
    def _at_once(self) -> int:
        return max(1, int(LOOKS_PER_S * self._every_s))

    # -- fleets that come and go

    def _look_for_fleets(self) -> None:
        self._told(self._found, self._find())

    def _found(self, fleets: Sequence[WatchedFleet]) -> None:
        """The one that is shown stays until it is left."""
        kept = (self._shown,) if self._opened and self._shown not in fleets else ()
        gone = [each for each in self._fleets if each not in (*fleets, *kept)]
        self._fleets = (*fleets, *kept)
        for each in gone:
            self._aside(each.feed.close)
        self._show_soon()

    # -- what is shown

    def _saw(self, fleet: WatchedFleet, snapshot: Snapshot) -> None:
        super()._saw(fleet, snapshot)
        self._show_soon()

    def _missed(self, fleet: WatchedFleet, trouble: QorchError) -> None:
        super()._missed(fleet, trouble)
        self._show_soon()

    def _show_soon(self) -> None:
        """Looks of many fleets come back one by one, and are shown together."""
        if not self._will_show:
            self._will_show = True
            self.set_timer(TOGETHER_S, self._show_overview)

    def _show_overview(self) -> None:
        self._will_show = False
        if self.screen is self._overview and self._overview.is_mounted and not self._frozen:
            now_s = time.time()
            self._overview.show_fleets(self._rows(now_s), self._moment(now_s))

    def _rows(self, now_s: float) -> list[FleetRow]:
        turns = ceil(len(self._fleets) / self._at_once)
        patience_s = max(PATIENCE_S, PATIENCE_LOOKS * turns * self._every_s)
        return [each.row(now_s, patience_s) for each in self._fleets]

    def _moment(self, now_s: float) -> float:
        """That which is shown."""
        return now_s if all(each.feed.live for each in self._fleets) else max(self._seen_s(), default=now_s)

    def _seen_s(self) -> Iterable[float]:
        return (each.snapshot.at_s for each in self._fleets if each.snapshot)

    def on_top_screen_ready(self, message: TopScreen.Ready) -> None:
        self._show_overview()

    # -- from fleet to fleet

    @property
    def _opened(self) -> bool:
        """Whether the screens in sight are of one fleet."""
        return any(isinstance(each, FleetScreen) for each in self.screen_stack)

    def _open_row(self, row: Any) -> None:
        if isinstance(row, FleetRow):
            self._try(self._open_chosen)
        else:
            super()._open_row(row)

    def _open_chosen(self) -> None:
        self._open_fleet(self._chosen())

    def _chosen(self) -> WatchedFleet:
        row = self._overview.chosen
        for each in self._fleets:
            if row is not None and (each.where, each.name) == (row.where, row.fleet):
                return each
        raise EnvironmentNotReady("no fleet is chosen")

    def _open_fleet(self, fleet: WatchedFleet) -> None:
        """Raises EnvironmentNotReady for one of which nothing has been seen yet."""
        if fleet.snapshot is None:
            raise EnvironmentNotReady(f"{clean(fleet.name)}: {fleet.row(time.time(), PATIENCE_S).reason}")
        self._back_to(FleetsScreen)
        self._shown, self._fleet = fleet, OneOfSeveralScreen(fleet.trends)
        self.push_screen(self._fleet)

    def action_step(self, by: int) -> None:
        """To the next fleet that can be shown, in the order of the overview."""
        rows = [(row.where, row.fleet) for row in self._overview.table.rows]
        known = {(each.where, each.name): each for each in self._fleets if each.snapshot}
        there = [known[each] for each in rows if each in known]
        at = there.index(self._shown) if self._shown in there else -1
        if there:
            self._open_fleet(there[(at + by) % len(there)])

    def action_fleets(self) -> None:
        self._back_to(FleetsScreen)

    def action_fleet(self, name: str = "") -> None:
        if name or not self._opened:
            self._try(lambda: self._open_fleet(self._named(name) if name else self._chosen()))
        else:
            super().action_fleet()

    def _named(self, name: str) -> WatchedFleet:
        """Raises UsageError for none, or for a name that several have."""
        found = [each for each in self._fleets if name in (each.name, each.label)]
        if len(found) == 1:
            return found[0]
        labels = ", ".join(each.label for each in found or self._fleets)
        what = f"several fleets are named {name!r}" if found else f"there is no fleet {name!r}"
        raise UsageError(f"{what}: {labels}", hint=f":fleet {(found or self._fleets)[0].label}")

    def _completed(self, text: str) -> str | None:
        names = [each.name for each in self._fleets]
        return commands.completion(
            text, [each.name if names.count(each.name) == 1 else each.label for each in self._fleets]
        )

    # -- what keys and commands do where no fleet is opened

    def action_page(self, name: str) -> None:
        """Of the fleet under the cursor, unless one is opened."""
        if not self._opened:
            self._try(self._open_chosen)
        if self._opened:
            super().action_page(name)

    def _row(self) -> ReplicaRow:
        if not self._opened:
            raise EnvironmentNotReady("no replica is chosen", hint="enter opens a fleet")
        return super()._row()

    def action_yaml(self) -> None:
        row = self._overview.chosen
        if self._opened:
            super().action_yaml()
        elif row is not None:
            self._open_over(DetailScreen(f"fleet {clean(row.fleet)}", pages.yaml_of(row)))

    def _ask_change(self, verb: str, typed: str) -> None:
        if not self._opened:
            raise EnvironmentNotReady("all fleets are shown, and a change is of one", hint="enter opens one")
        super()._ask_change(verb, typed)
