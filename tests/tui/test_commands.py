"""What is typed after a colon."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.errors import UsageError
from orchestrator.views.live.palette import NAMES
from tests.tui.driving import dashboard
from tui.app import TopApp
from tui.commands import BY_WORD, COMMANDS, completion, parsed
from tui.screens.named import PAGES

LETTERS = st.text(alphabet=":abcdefghijklmnopqrstuvwxyz -")


def told(wrong: UsageError) -> None:
    assert wrong.hint is not None
    assert wrong.hint.startswith(":")


@given(st.text() | LETTERS)
def test_any_text_is_a_command_or_told_to_be_none(text: str) -> None:
    try:
        command, argument = parsed(text)
    except UsageError as wrong:
        told(wrong)
    else:
        assert command in COMMANDS
        assert bool(argument) <= bool(command.argument)


@given(LETTERS)
def test_what_completes_a_text_begins_with_it_and_can_be_completed_no_further(text: str) -> None:
    whole = completion(text)
    if whole is not None:
        assert whole.startswith(text)
        assert len(whole) > len(text)
        assert parsed(whole.strip() + (" x" if parsed_needs(whole) else ""))


def parsed_needs(text: str) -> bool:
    return BY_WORD[text.split(maxsplit=1)[0]].needed and len(text.split()) == 1


def test_no_two_commands_have_a_name_in_common() -> None:
    words = [word for command in COMMANDS for word in (command.name, *command.short)]
    assert len(words) == len(set(words))


def test_every_command_has_an_action_and_every_page_a_command() -> None:
    assert all(hasattr(TopApp, f"action_{command.action}") for command in COMMANDS)
    assert {command.fixed[0] for command in COMMANDS if command.action == "page"} == PAGES.keys()


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("fleat", "there is no :fleat; did you mean :fleet?"),
        ("sort", ":sort needs COLUMN"),
        ("sort nothing", "there is no column 'nothing'"),
        ("quit now", ":quit takes nothing after it"),
        ("theme pink", "there is no theme 'pink'"),
        ("", "REPLICA"),
    ],
)
@pytest.mark.anyio
async def test_what_is_wrong_with_a_command_is_told(typed: str, told: str) -> None:
    async with dashboard() as top:
        await top.type(f":{typed}")
        await top.shows(told)


@pytest.mark.anyio
async def test_keys_that_follow_the_colon_at_once_go_to_the_prompt() -> None:
    async with dashboard() as top:
        await top.burst(":quit")
        assert top.line(" quit")
        assert top.app.is_running


@pytest.mark.anyio
async def test_tab_completes_a_command_and_its_argument() -> None:
    async with dashboard() as top:
        await top.press("colon", "s", "o", "tab", "space", "t", "o", "k", "tab", "enter")
        await top.shows("TOK/S▼")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.anyio
async def test_every_theme_can_be_chosen(name: str) -> None:
    async with dashboard() as top:
        await top.type(f":theme {name}")
        await top.until(lambda: top.app.theme == name)
        assert top.line("REPLICA")


@pytest.mark.anyio
async def test_a_table_is_exported_as_its_suffix_says_and_no_file_is_written_over(tmp_path: Path) -> None:
    async with dashboard() as top:
        for suffix, begin in ((".csv", "replica_id,"), (".json", "["), (".svg", "<svg"), (".txt", "REPLICA\t")):
            path = tmp_path / f"rows{suffix}"
            await top.type(f":export {path}")
            await top.until(path.exists)
            assert path.read_text().startswith(begin)
        kept = path.read_text()
        await top.type(f":export {path}")
        await top.shows("is there already")
        assert path.read_text() == kept
        for name, told in (("x.pdf", "in no format"), (f"{tmp_path}/no/x.csv", "No such file")):
            await top.type(f":export {name}")
            await top.shows(told)
