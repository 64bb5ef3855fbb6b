"""The command reference is what the commands say of themselves."""

from __future__ import annotations

from pathlib import Path

from orchestrator.cli.reference import MEANINGS, reference
from orchestrator.core.errors import ExitCode

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"


def test_the_reference_is_current() -> None:
    assert PAGE.read_text() == reference(), "python -m orchestrator.cli.reference > docs/reference/cli.md"


def test_every_exit_code_is_explained() -> None:
    assert set(MEANINGS) == set(ExitCode)
