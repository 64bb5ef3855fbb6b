"""Engines' speed out of YAML files: `profiles/prediction/*.yaml` as shipped, then the user's own."""

from __future__ import annotations

from pathlib import Path

from orchestrator.adapters.profile_files import shipped_profiles_dir
from orchestrator.adapters.speed_schema import SpeedFile
from orchestrator.adapters.yaml_file import read_yaml, validate
from orchestrator.core.engine_speed import EngineSpeed
from orchestrator.core.errors import SettingsError


def shipped_speeds_dir() -> Path:
    """Those that come with qorch."""
    return shipped_profiles_dir() / "prediction"


def load_speeds(*directories: Path) -> dict[str, EngineSpeed]:
    """By the engine's name; a later folder's file replaces an earlier one of its engine.

    Raises SettingsError with file, line and field.
    """
    paths = [path for directory in directories for path in sorted(directory.glob("*.yaml"))]
    entries = [validate(read_yaml(path, SettingsError), SpeedFile, SettingsError) for path in paths]
    return {entry.engine: EngineSpeed(**entry.model_dump(exclude={"engine"})) for entry in entries}
