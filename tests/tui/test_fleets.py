"""Several fleets side by side: whole screens in goldens, real keys, and what comes, goes, hangs or is not there."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.live.snapshot import Snapshot
from tests.tui.driving import Driven, GivenFeed, several
from tests.tui.fleets import AT_S, FLEET, LYING
from tests.tui.several import BEHIND, WELL, HangingFeed, fleets, given, recorded, watched
from tests.tui.test_screens import SIZES, like_golden
from tui.awaited_feed import AwaitedFeed
from tui.feed import Feed
from tui.fleets_app import FleetsApp
from tui.keys import bindings_of, told
from tui.screens.change import ChangeScreen
from tui.screens.fleet import FleetScreen
from tui.screens.fleets import FleetsScreen
from tui.screens.one_of_several import OneOfSeveralScreen
from tui.watched_fleet import WatchedFleet
from tui.widgets.fleets_table import FleetsTable

pytestmark = pytest.mark.anyio
SCREENS = {"fleets": (), "fleets-one": ("G", "enter"), "fleets-help": ("question_mark",)}


def names(top: Driven) -> list[str]:
    app = top.app
    assert isinstance(app, FleetsApp)
    return [f"{row.where}/{row.fleet}" for row in app._overview.table.rows]


def heading(top: Driven) -> str:
    return top.text().splitlines()[0]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", SCREENS)
async def test_a_screen_is_as_it_was_looked_at(name: str, size: str) -> None:
    async with several(fleets(), SIZES[size]) as top:
        await top.press(*SCREENS[name])
        like_golden(f"{name}-{size}", top.text())


async def test_the_worst_come_first_each_with_its_reason() -> None:
    async with several(fleets(), (280, 30)) as top:
        assert names(top) == [
            "eu-west/prod/chat", "this host/batch", "lab/llm/code", "lab/llm/chat", "eu-west/prod/nightly",
            "this host/chat",
        ]  # fmt: skip
        for reason in ("the gateway does not answer", "TTFT p99 1.9 s is over 1.5 s", "2 of 4 replicas run"):
            assert top.line(reason)
        assert top.line("there is no fleet 'batch' on this host; qorch up --fleet batch")


async def test_enter_opens_a_fleet_and_escape_comes_back_to_its_row() -> None:
    async with several(fleets()) as top:
        await top.press("down", "down", "enter")
        await top.shows("REPLICA")
        assert heading(top).startswith("code  ✖ Degraded")
        await top.press("enter", "escape", "escape")
        await top.shows("6 fleets")
        await top.press("enter")
        assert heading(top).startswith("code")


async def test_escape_clears_a_filter_before_it_leaves_the_fleet() -> None:
    async with several(fleets()) as top:
        await top.press("G", "enter", "slash")
        await top.type("aaaa")
        await top.press("escape")
        assert isinstance(top.app.screen, OneOfSeveralScreen)
        assert top.line("dddd1111")
        await top.press("escape")
        assert isinstance(top.app.screen, FleetsScreen)


async def test_tab_goes_from_fleet_to_fleet_and_leaves_out_what_was_never_seen() -> None:
    async with several(fleets()) as top:
        await top.press("enter")
        seen = []
        for _ in range(5):
            seen.append(heading(top).split()[0])
            await top.press("tab")
        assert seen == ["chat", "code", "chat", "nightly", "chat"]
        await top.press("shift+tab")
        assert heading(top).startswith("chat  ● Ready")


async def test_a_fleet_that_was_never_seen_says_why_it_cannot_be_opened() -> None:
    async with several(fleets()) as top:
        await top.press("down", "enter")
        await top.shows("✖ batch: there is no fleet 'batch' on this host; qorch up --fleet batch")
        assert isinstance(top.app.screen, FleetsScreen)


async def test_a_fleet_is_gone_to_by_its_name_which_where_it_is_makes_one() -> None:
    async with several(fleets()) as top:
        await top.type(":fleet code")
        assert heading(top).startswith("code")
        await top.type(":fleet chat")
        await top.shows("several fleets are named 'chat': this host/chat, lab/llm/chat, eu-west/prod/chat")
        await top.type(":fleet eu-west/prod/chat")
        assert heading(top).startswith("chat  ✖ Unavailable")
        await top.type(":fleet other")
        await top.shows("there is no fleet 'other'")
        await top.type(":fleets")
        await top.shows("6 fleets")


async def test_names_of_fleets_are_completed() -> None:
    async with several(fleets()) as top:
        app = top.app
        assert app._completed(":fleet eu"[1:]) == "fleet eu-west/prod/chat"
        assert app._completed("fleet ni") == "fleet nightly"


async def test_rows_are_filtered_sorted_and_only_faults_as_replicas_are() -> None:
    async with several(fleets()) as top:
        await top.press("slash")
        await top.type("where=lab.* !degraded")
        assert names(top) == ["lab/llm/chat"]
        await top.press("escape", "T")
        assert names(top)[:2] == ["this host/chat", "lab/llm/chat"]
        await top.press("f")
        assert names(top) == ["lab/llm/chat", "lab/llm/code", "eu-west/prod/chat", "this host/batch"]
        await top.type(":sort replica")
        await top.shows("there is no column 'replica'")
        await top.type(":filter [")
        await top.shows("is no pattern")


async def test_pages_are_of_the_fleet_under_the_cursor() -> None:
    async with several(fleets()) as top:
        await top.type(":filter code")
        await top.press("d")
        await top.shows("qwen3.5-9b-bf16 3 → 4")
        await top.press("escape")
        assert heading(top).startswith("code")


@pytest.mark.parametrize("typed", [":scale 3", ":target-tok-s 900", ":restart aaaa1111", ":drain aaaa1111"])
async def test_no_change_is_offered_while_all_fleets_are_shown(typed: str) -> None:
    async with several(fleets(allowed=True)) as top:
        await top.type(":fleet code")
        await top.type(":fleets")
        await top.type(typed)
        await top.shows("all fleets are shown, and a change is of one; enter opens one")
        assert not isinstance(top.app.screen, ChangeScreen)


async def test_a_change_is_of_the_fleet_that_is_opened() -> None:
    async with several(fleets(allowed=True)) as top:
        await top.type(":fleet code")
        await top.type(":scale 3")
        assert isinstance(top.app.screen, ChangeScreen)
        await top.shows("qorch scale 3 --fleet code --kube-context lab --namespace llm --no-wait")
        await top.shows("type code to run it")


async def test_logs_are_of_a_replica() -> None:
    async with several(fleets()) as top:
        await top.type(":logs")
        await top.shows("no replica is chosen; enter opens a fleet")


async def test_rows_are_copied_and_written_as_those_of_replicas(tmp_path: Path) -> None:
    async with several(fleets()) as top:
        await top.press("c")
        assert top.app.clipboard.startswith("chat\t")
        await top.press("y")
        await top.shows("generation_tok_s: 0.0")
        assert top.line("fleet: chat")
        await top.press("escape")
        for suffix in ("csv", "json"):
            await top.type(f":export {tmp_path}/fleets.{suffix}")
            await top.shows("written")
    data = json.loads((tmp_path / "fleets.json").read_text())
    head = (tmp_path / "fleets.csv").read_text().splitlines()[0].split(",")
    assert [each["state"] for each in data] == ["failed", "unknown", "degraded", "behind", "idle", "ready"]
    assert {"fleet", "where", "state", "reason", "generation_tok_s", "silent"} <= set(head)


async def test_a_source_that_hangs_holds_up_no_other_fleet() -> None:
    hanging = HangingFeed(WELL)
    hanging.name = "slow"
    ten = [watched("lab/llm", "slow", hanging) for _ in range(10)]
    there = [given("this host", "chat", WELL)]
    app = FleetsApp([*ten, *there], lambda: there, 1e6)
    async with app.run_test(size=(120, 30)) as pilot:
        top = Driven(app, pilot, hanging)
        await top.until(lambda: there[0].snapshot is not None)
        await top.shows("● ready")
        assert top.line("not seen yet")
        hanging.let.set()
        await top.until(lambda: ten[0].snapshot is not None)


async def test_a_fleet_that_is_not_there_yet_is_found_when_it_comes() -> None:
    there: list[Snapshot] = []

    def opened() -> Feed:
        if not there:
            raise EnvironmentNotReady("there is no fleet 'batch'")
        return given("this host", "batch", there[0]).feed

    late = watched("this host", "batch", recorded(AwaitedFeed("batch", opened)))
    async with several([given("this host", "chat", WELL), late]) as top:
        assert "there is no fleet 'batch'" in top.line("batch")
        there.append(replace(BEHIND, fleet="batch"))
        top.app._tick()
        await top.until(lambda: late.snapshot is not None)
        await top.shows("▼ behind")


async def test_fleets_come_and_go_and_the_one_that_is_shown_stays() -> None:
    first, second, third = (given("this host", name, WELL) for name in ("a", "b", "c"))
    now = [first, second]
    async with several([first, second], find=lambda: now) as top:
        app = top.app
        assert isinstance(app, FleetsApp)
        await top.type(":fleet a")
        now[:] = [second, third]
        app._look_for_fleets()
        await top.until(lambda: third in app._fleets)
        app._tick()
        await top.until(lambda: third.snapshot is not None)
        assert heading(top).startswith("a ")
        await top.press("escape")
        await top.until(lambda: names(top) == ["this host/a", "this host/b", "this host/c"])
        app._look_for_fleets()
        await top.until(lambda: names(top) == ["this host/b", "this host/c"])


async def test_frozen_the_rows_stay_as_they_are() -> None:
    async with several(fleets()) as top:
        await top.press("space")
        before = top.text()
        for each in top.app._watched():
            each.feed.snapshot = replace(WELL, at_s=AT_S + 60)  # type: ignore[attr-defined]
        top.app._tick()
        await top.until(lambda: not any(each.looking for each in top.app._watched()))
        assert top.text() == before


async def test_what_lies_is_shown_without_steering_the_terminal() -> None:
    async with several(
        [given("this host", "a", WELL), watched("\x1b[2J", LYING.fleet, given("", "", LYING).feed)]
    ) as top:
        for keys in ((), ("y",), ("escape", "down", "enter")):
            await top.press(*keys)
            assert "\x1b" not in top.text()


@pytest.mark.parametrize("size", [(20, 5), (3, 2), (300, 80)])
async def test_a_screen_of_any_size_stays_alive(size: tuple[int, int]) -> None:
    async with several(fleets(), size) as top:
        for key in ("down", "question_mark", "escape", "enter", "tab", "escape", "d", "escape", "slash", "escape"):
            await top.press(key)
        assert top.app.is_running


async def test_keys_that_come_all_at_once_break_nothing() -> None:
    async with several(fleets()) as top:
        for _ in range(2):
            await top._pilot.press("enter", "tab", "f", "enter", "escape", "escape", "escape", "y", "d", "escape")
        await top.until(lambda: top.app.is_running)


async def test_help_tells_of_every_key() -> None:
    async with several(fleets(), (120, 120)) as top:
        await top.press("question_mark")
        for what in told([*bindings_of(FleetsScreen), *bindings_of(FleetsTable)]):
            assert top.line(what)
        await top.press("escape", "enter", "question_mark")
        assert all(top.line(what) for what in told(bindings_of(OneOfSeveralScreen)))


async def test_one_fleet_has_no_screen_of_several() -> None:
    from tests.tui.driving import dashboard

    async with dashboard(FLEET) as top:
        await top.type(":fleets")
        await top.shows("one fleet is watched; qorch top --all watches several")
        await top.type(":fleet other")
        await top.shows("there is no fleet 'other' here")
        assert isinstance(top.app.screen, FleetScreen)


async def test_many_fleets_are_looked_at_in_turn_and_the_one_that_is_shown_always() -> None:
    looks: list[str] = []

    class Counted(GivenFeed):
        def look(self) -> Snapshot:
            looks.append(self.name)
            return super().look()

    def counted(name: str) -> WatchedFleet:
        feed = Counted(replace(WELL, fleet=name))
        feed.name = name
        return watched("lab/llm", name, feed)

    many = [counted(f"f{index:02d}") for index in range(25)]
    async with several(many) as top:
        app = top.app
        app._every_s = 1.0
        looks.clear()
        await top.type(":fleet f20")
        for _ in range(5):
            app._tick()
            await top.until(lambda: not any(each.looking for each in many))
        assert looks.count("f20") == 5
        assert {looks.count(each.name) for each in many if each.name != "f20"} == {2}
