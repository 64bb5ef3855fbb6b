"""Whole screens as they are, in tests/tui/goldens; write them anew with QORCH_GOLDENS=write, and look at the diff."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.tui.driving import dashboard
from tests.tui.fleets import LYING

pytestmark = pytest.mark.anyio
GOLDENS = Path(__file__).parent / "goldens"
SIZES = {"80x24": (80, 24), "200x50": (200, 50)}
SCREENS = {
    "fleet": (),
    "replica": ("enter",),
    "help": ("question_mark",),
    "decisions": ("d",),
    "events": ("v",),
    "hosts": ("h",),
    "requests": ("r",),
    "yaml": ("y",),
}


def like_golden(name: str, text: str) -> None:
    path = GOLDENS / f"{name}.txt"
    if os.environ.get("QORCH_GOLDENS") == "write":
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", SCREENS)
async def test_a_screen_is_as_it_was_looked_at(name: str, size: str) -> None:
    async with dashboard(size=SIZES[size]) as top:
        await top.press(*SCREENS[name])
        like_golden(f"{name}-{size}", top.text())


async def test_what_lies_is_shown_without_steering_the_terminal() -> None:
    async with dashboard(LYING, size=(120, 30)) as top:
        like_golden("lying-120x30", top.text())
        assert "\x1b" not in top.text()
        for key in ("enter", "y", "d", "v", "h", "r"):
            await top.press(key)
            assert "\x1b" not in top.text()


@pytest.mark.parametrize("size", [(20, 5), (3, 2), (300, 80)])
async def test_a_screen_of_any_size_stays_alive(size: tuple[int, int]) -> None:
    async with dashboard(size=size) as top:
        for key in ("down", "question_mark", "escape", "enter", "escape", "d", "escape", "slash", "escape"):
            await top.press(key)
        assert top.app.is_running
        assert top.app.return_code in (None, 0)


async def test_a_state_is_told_by_a_glyph_and_a_word() -> None:
    async with dashboard() as top:
        for state in ("● ready", "◐ starting", "✖ failed"):
            assert top.line(state)
