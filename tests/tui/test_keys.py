"""Real keys: what they do, and that help tells of each of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.tui.driving import dashboard
from tests.tui.fleets import FLEET, many, row
from tui.app import TopApp
from tui.commands import COMMANDS
from tui.keys import bindings_of, foot, told
from tui.screens.fleet import FleetScreen
from tui.widgets.fleet_table import FleetTable

pytestmark = pytest.mark.anyio


async def test_help_tells_of_every_key_and_every_command() -> None:
    async with dashboard(size=(120, 120)) as top:
        await top.press("question_mark")
        for owner in (TopApp, FleetScreen, FleetTable):
            for what, keys in told(bindings_of(owner)).items():
                assert what in top.text()
                assert all(key in top.line(what) for key in keys)
        assert all(f":{command.name}" in top.text() for command in COMMANDS)


async def test_the_foot_has_as_many_keys_as_there_is_room_for() -> None:
    bindings = [*bindings_of(FleetScreen), *bindings_of(TopApp)]
    assert foot(bindings, 0) == ""
    assert foot(bindings, 20) == "? help  : command"
    assert all(len(foot(bindings, width)) <= width for width in range(200))


async def test_the_cursor_stays_on_its_replica_wherever_that_goes() -> None:
    async with dashboard() as top:
        await top.press("home", "down")
        chosen = top.app._fleet.table.row
        assert chosen is not None
        faster = replace(chosen, generation_tok_s=9000.0)
        others = tuple(each for each in FLEET.replicas if each.replica_id != chosen.replica_id)
        await top.press("T")
        await top.look(replace(FLEET, replicas=(*others, faster)))
        assert top.app._fleet.table.row == faster
        assert top.app._fleet.table.rows[0] == faster


async def test_the_cursor_is_always_in_sight_in_a_table_longer_than_the_screen() -> None:
    async with dashboard(many(300)) as top:
        await top.press("end")
        assert "r00299" in top.text()
        assert "r00000" not in top.text()
        for _ in range(30):
            await top.press("up")
        assert "r00269" in top.text()
        await top.press("home")
        assert "r00000" in top.text()
        await top.press("pagedown", "pagedown", "pagedown")
        chosen = top.app._fleet.table.row
        assert chosen is not None
        assert chosen.replica_id in top.text()


async def test_a_page_longer_than_the_screen_scrolls() -> None:
    async with dashboard(many(300), size=(120, 30)) as top:
        await top.press("question_mark", "G")
        bottom = top.text()
        await top.press("g")
        assert top.text() != bottom


async def test_a_letter_sorts_by_its_column_and_again_the_other_way_round() -> None:
    async with dashboard(many(3)) as top:
        await top.press("T")
        assert "TOK/S▼" in top.text()
        assert [each.replica_id for each in top.app._fleet.table.rows] == ["r00002", "r00001", "r00000"]
        await top.press("T")
        assert "TOK/S▲" in top.text()
        await top.press("i")
        assert "TOK/S▼" in top.text()


async def test_a_filter_that_is_none_is_told_and_leaves_all_as_it_was() -> None:
    async with dashboard() as top:
        await top.type("/state=failed")
        assert top.line("cccc3333")
        assert not top.line("aaaa1111 ")
        await top.type("/[")
        assert top.line("is no pattern")
        assert not top.line("aaaa1111 ")
        await top.press("escape")
        assert top.line("aaaa1111 ")


async def test_faults_only_hides_what_is_well() -> None:
    async with dashboard() as top:
        await top.press("f")
        assert [each.replica_id for each in top.app._fleet.table.rows] == ["cccc3333", "bbbb2222"]


@pytest.mark.parametrize("key", ["down", "d", "enter", "y", "question_mark", "space", "colon", "escape", "l"])
async def test_a_key_that_is_held_down_piles_up_nothing(key: str) -> None:
    async with dashboard() as top:
        await top.press(*[key] * 200)
        assert len(top.app.screen_stack) <= 4
        await top.press("escape", "escape", "escape", "escape")
        assert top.line("REPLICA")


async def test_frozen_a_screen_stays_as_it_is_until_it_goes_on() -> None:
    async with dashboard() as top:
        await top.press("space")
        top.app._tick()
        held = top.app._shown.snapshot
        await top.press("space")
        await top.look(many(2))
        assert held is FLEET
        assert top.line("r00001")


async def test_a_replica_that_has_gone_is_shown_as_it_was_last() -> None:
    async with dashboard(replace(FLEET, replicas=(row("aaaa1111"), row("bbbb2222")))) as top:
        await top.press("home", "enter")
        await top.look(replace(FLEET, replicas=(row("bbbb2222"),)))
        assert top.line("gone; as it was last")
        assert top.line("aaaa1111")


async def test_the_palette_does_what_can_be_typed() -> None:
    async with dashboard() as top:
        await top.press("ctrl+p")
        await top.press(*"hosts")
        await top.until(lambda: ":hosts" in top.text())
        await top.press("enter")
        await top.shows("hosts and GPUs")


async def test_what_is_copied_is_the_row_under_the_cursor_and_never_more_than_a_terminal_takes() -> None:
    async with dashboard() as top:
        await top.press("home", "c")
        assert top.app.clipboard.split("\t")[:2] == ["cccc3333", "✖ failed"]
        await top.look(many(10_000))
        await top.type(":snapshot")
        await top.shows("fleet: prod")
        await top.press("c")
        assert top.line("more than a terminal takes")
        assert top.app.clipboard.startswith("cccc3333")
