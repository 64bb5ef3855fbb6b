"""Engines' speed out of files: the shipped ones, the user's own in their place, and bad ones."""

from __future__ import annotations

import json

import jsonschema
import pytest
import yaml

from orchestrator.adapters.speed_files import load_speeds, shipped_speeds_dir
from orchestrator.adapters.speed_schema import speed_schema
from orchestrator.core.errors import SettingsError

VLLM = shipped_speeds_dir() / "vllm.yaml"


def test_what_is_shipped_is_valid_by_the_schema_beside_it():
    schema = json.loads((shipped_speeds_dir() / "schema.json").read_text())
    assert schema == speed_schema()
    for path in shipped_speeds_dir().glob("*.yaml"):
        jsonschema.validate(yaml.safe_load(path.read_text()), schema)


def test_the_users_own_file_replaces_the_shipped_one(tmp_path):
    (tmp_path / "mine.yaml").write_text(VLLM.read_text().replace("start_s: 90.0", "start_s: 30.0"))
    assert load_speeds(shipped_speeds_dir())["vllm"].start_s == 90
    assert load_speeds(shipped_speeds_dir(), tmp_path)["vllm"].start_s == 30
    assert load_speeds(shipped_speeds_dir(), tmp_path / "none").keys() == load_speeds(shipped_speeds_dir()).keys()


def test_a_share_of_more_than_all_is_refused_with_its_line(tmp_path):
    text = VLLM.read_text().replace("start_s: 90.0", "start_s: -1.0")
    (tmp_path / "vllm.yaml").write_text(text)
    line = 1 + next(i for i, each in enumerate(text.splitlines()) if each.startswith("start_s"))
    with pytest.raises(SettingsError, match=rf"vllm\.yaml:{line}.*start_s"):
        load_speeds(tmp_path)
