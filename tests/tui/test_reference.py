"""The page of keys is what the bindings say."""

from __future__ import annotations

from pathlib import Path

from tui.reference import page

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "top-keys.md"


def test_the_page_of_keys_is_current() -> None:
    assert PAGE.read_text() == f"{page()}\n", "python -m tui.reference > docs/reference/top-keys.md"
