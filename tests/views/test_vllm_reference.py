"""The page of arguments is what the tables say."""

from __future__ import annotations

from pathlib import Path

from orchestrator.views.vllm_reference import page

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "vllm.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == page(), "python -m orchestrator.views.vllm_reference > docs/reference/vllm.md"
