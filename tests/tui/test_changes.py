"""What runs the command line: pages that look, and changes that ask for the fleet's name first."""

from __future__ import annotations

from pathlib import Path
from signal import SIGTERM

import pytest

from orchestrator.core.errors import EnvironmentNotReady, ExitCode, UsageError
from tests.tui.driving import dashboard
from tests.tui.fleets import FLEET
from tui.children import Child
from tui.fleet_commands import FleetCommands
from tui.screens.change import ChangeScreen
from tui.screens.output import OutputScreen

pytestmark = pytest.mark.anyio
ALLOWED = FleetCommands("prod", changes_allowed=True)
IN_LAB = FleetCommands("prod", True, ("--kube-context", "lab", "--namespace", "llm"))


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no fleet in it, so that a command that is run says so."""
    monkeypatch.setenv("QORCH_HOME", str(tmp_path))


async def test_nothing_changes_unless_it_is_allowed() -> None:
    async with dashboard(commands=FleetCommands("prod")) as top:
        await top.type(":scale 3")
        await top.shows("this dashboard only looks; qorch top --allow-changes")
        assert not isinstance(top.app.screen, ChangeScreen)


async def test_behind_a_recording_there_is_nothing_to_change_or_to_plan() -> None:
    async with dashboard(commands=None) as top:
        for typed in (":scale 3", ":plan", ":diff"):
            await top.type(typed)
            await top.shows("there is no fleet behind a recording")


async def test_a_change_is_shown_and_runs_only_after_the_fleets_name() -> None:
    async with dashboard(commands=ALLOWED) as top:
        await top.type(":scale 3")
        await top.shows("qorch scale 3 --fleet prod --no-wait")
        await top.type("yes")
        await top.shows("'yes' is not the fleet's name, so nothing was done")
        assert "$ qorch" not in top.text()
        await top.press("escape")
        await top.type(":target-tok-s 900")
        await top.shows("qorch scale --target-tok-s 900 --fleet prod --no-wait")
        await top.type("prod")
        await top.shows("✖ ended with 4")
        assert top.line("there is no fleet 'prod' to scale")


async def test_the_replica_under_the_cursor_is_restarted_or_drained_once_the_fleets_name_is_typed() -> None:
    async with dashboard(commands=ALLOWED) as top:
        row = top.app._row()
        await top.press("ctrl+r")
        await top.shows(f"qorch restart {row.replica_id} --fleet prod --no-wait")
        await top.press("escape")
        await top.type(":drain")
        await top.shows(f"qorch drain {row.replica_id} --fleet prod --no-wait")
        await top.press("escape")
        await top.type(":restart other")
        await top.shows("qorch restart other --fleet prod --no-wait")
        await top.type("prod")
        await top.shows("✖ ended with 4")
        assert top.line("there is no fleet 'prod'")


@pytest.mark.parametrize("typed", ["--all", "a b", "a b --drain-timeout=9"])
def test_several_are_restarted_by_a_command_that_stays_until_all_are(typed: str) -> None:
    assert "--no-wait" not in ALLOWED.change("restart", typed)
    assert ALLOWED.change("restart", "a --drain-timeout=9")[-1] == "--no-wait"


@pytest.mark.parametrize("typed", [":restart", ":drain"])
async def test_no_replica_is_touched_unless_it_is_allowed(typed: str) -> None:
    for commands, said in ((FleetCommands("prod"), "this dashboard only looks"), (None, "no fleet behind a recording")):
        async with dashboard(commands=commands) as top:
            await top.type(typed)
            await top.shows(said)
            assert not isinstance(top.app.screen, ChangeScreen)


async def test_a_change_that_is_left_is_not_done() -> None:
    async with dashboard(commands=ALLOWED) as top:
        await top.type(":scale 3")
        await top.shows("type prod to run it")
        await top.press("escape")
        await top.shows("REPLICA")


@pytest.mark.parametrize(
    "typed",
    ["3 --fleet other", "--fleet=other 3", "3 --wait", "--timeout 5 3", "3 'open", "3 -nother", "3 --kube-context=b"],
)
def test_only_this_fleet_is_changed(typed: str) -> None:
    with pytest.raises(UsageError):
        ALLOWED.change("scale", typed)


def test_a_change_is_refused_where_it_is_not_allowed() -> None:
    with pytest.raises(EnvironmentNotReady):
        FleetCommands("prod").change("scale", "3")


async def test_what_is_typed_is_words_and_never_a_shell() -> None:
    words = ALLOWED.change("scale", "3; rm -rf ~ $(id)")
    assert words == ("scale", "3;", "rm", "-rf", "~", "$(id)", "--fleet", "prod", "--no-wait")


async def test_the_plan_is_that_of_the_profile_which_runs() -> None:
    assert FleetCommands("prod").plan(FLEET)[0] == ("plan", "--profile", "qwen3.5-9b-bf16", "--all")
    async with dashboard(commands=FleetCommands("prod")) as top:
        await top.press("m")
        await top.shows("$ qorch plan --profile qwen3.5-9b-bf16 --all")


async def test_what_is_done_to_a_fleet_in_a_cluster_names_the_cluster() -> None:
    async with dashboard(commands=IN_LAB) as top:
        await top.type(":scale 3")
        await top.shows("qorch scale 3 --fleet prod --kube-context lab --namespace llm --no-wait")
        await top.press("escape")
        await top.press("l")
        await top.shows("cannot be read here; qorch logs")
        assert top.line("--fleet prod --kube-context lab --namespace llm")
        await top.press("x")
        await top.shows("qorch up --diff --fleet prod --kube-context lab")
    assert all(words[-4:] == IN_LAB.where for words in IN_LAB.plan(FLEET))


def test_a_child_is_told_line_by_line_with_its_exit_code() -> None:
    child = Child(("nonsense",), 80)
    assert "no such command: 'nonsense'" in next(iter(child.lines()))
    assert child.code() == 2


async def test_a_page_that_is_left_ends_its_command() -> None:
    async with dashboard(commands=FleetCommands("prod")) as top:
        await top.press("x")
        page = top.app.screen
        assert isinstance(page, OutputScreen)
        await top.until(lambda: page._child is not None)
        assert page._child is not None
        await top.press("escape")
        assert page._child.code() in (-SIGTERM, ExitCode.INTERRUPTED)
