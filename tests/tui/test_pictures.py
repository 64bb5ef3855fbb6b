"""Pictures of screens, for people and for the guide."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tui.pictures import SCREENS, pictures

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "top.md"
pytestmark = pytest.mark.anyio


async def test_the_guide_shows_each_screen_of_the_simulated_fleet() -> None:
    made = await pictures()
    shown = re.findall(r"\(pictures/top-(\w+)\.svg\)", GUIDE.read_text())
    assert sorted(shown) == sorted(made) == sorted(SCREENS)
    assert all((GUIDE.parent / "pictures" / f"top-{name}.svg").is_file() for name in made)


async def test_who_looks_at_a_picture_asks_nobody_for_fonts() -> None:
    for svg in (await pictures()).values():
        assert "--demo" in svg
        assert "url(" not in re.sub(r"url\(#[^)]*\)", "", svg)
