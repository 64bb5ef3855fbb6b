"""The contract that every engine passes, over an Ollama server of our own; it counts no tokens, so that is left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.app.ports import Engine
from orchestrator.core.engine_spec import EngineSpec
from tests.ollama_stand_in import program, stored
from tests.serving.test_engine_contract import (  # noqa: F401  # collected here, over the fixtures of this module
    test_a_stopped_engine_leaves_no_process,
    test_an_engine_ends_with_its_owner_however_that_is_killed,
    test_an_engine_listens_on_loopback_only,
    test_an_engine_that_hangs_does_not_pass_its_check,
    test_an_engine_that_is_killed_is_known_at_once_with_its_reason,
)
from tests.serving.test_ollama_engine import TAG, nobody, own, tag_spec  # noqa: F401  # fixtures

pytestmark = pytest.mark.anyio


@pytest.fixture
def spec(nobody: Path, tag_spec: EngineSpec, tmp_path: Path) -> EngineSpec:  # noqa: F811
    """Only the program is there, so the server is of our own."""
    program(nobody)
    stored(tmp_path / "models", TAG)
    return tag_spec


@pytest.fixture
def llama(own: Engine) -> Engine:  # noqa: F811
    return own
