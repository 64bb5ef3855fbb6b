"""Which vLLM is taken, asked of interpreters that answer as one with that vLLM would."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.adapters.engines.installed import installed_engines
from orchestrator.adapters.engines.vllm_install import VARIABLE
from orchestrator.core.device import Device
from orchestrator.core.profile import EngineName

ON_GPU = (EngineName.VLLM, Device.GPU)


@pytest.fixture
def with_vllm(tmp_path: Path, monkeypatch):
    """Name an interpreter whose vLLM has this version."""

    def name(version: str) -> str:
        python = tmp_path / "python"
        python.write_text(f"#!/bin/sh\necho '{json.dumps([version, False])}'\n")
        python.chmod(0o755)
        monkeypatch.setenv(VARIABLE, str(python))
        return str(python)

    return name


def test_a_vllm_of_the_floor_can_be_started(with_vllm):
    with_vllm("0.32.0")
    assert installed_engines()[ON_GPU].obtainable


def test_an_older_one_cannot_and_says_where_it_is_and_what_is_needed(with_vllm):
    python = with_vllm("0.31.2")
    found = installed_engines()[ON_GPU]
    assert not found.obtainable
    assert found.reason.startswith("vLLM 0.31.2 is too old, 0.32.0 or newer is needed")
    assert python in found.reason
