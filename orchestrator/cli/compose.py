"""Builds the adapters that a verb needs; each is imported only when it is."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orchestrator.adapters.bare_host import BareHost
    from orchestrator.adapters.key_store import KeyStore
    from orchestrator.app.weights import WeightsSources
    from orchestrator.core.inventory import Inventory
    from orchestrator.core.profile import Profile


@dataclass(frozen=True)
class Places:
    """Where qorch keeps things, by the XDG base directory rules; QORCH_HOME puts all of them in one folder."""

    state: Path  # fleets that run
    cache: Path  # weights
    config: Path  # keys, the user's own profiles


def places() -> Places:
    home = os.environ.get("QORCH_HOME")
    if home:
        base = Path(home).absolute()
        return Places(base / "state", base / "cache", base / "config")
    return Places(
        _xdg("XDG_STATE_HOME", ".local/state"), _xdg("XDG_CACHE_HOME", ".cache"), _xdg("XDG_CONFIG_HOME", ".config")
    )


def _xdg(variable: str, default: str) -> Path:
    return Path(os.environ.get(variable) or Path.home() / default) / "qorch"


def runtime(fleet: str) -> BareHost:
    from orchestrator.adapters.bare_host import BareHost

    return BareHost(places().state, fleet)


def key_store() -> KeyStore:
    from orchestrator.adapters.key_store import KeyStore

    return KeyStore(places().config / "keys.json")


def inventory(hardware: Path | None) -> Inventory:
    """What is on this machine, or what the file describes."""
    if hardware is not None:
        from orchestrator.adapters.hardware_file import read_hardware

        return read_hardware(hardware)
    from orchestrator.adapters.probe import probe

    cache = places().cache
    return probe(next(folder for folder in (cache, *cache.parents) if folder.exists()))


def profiles() -> tuple[Profile, ...]:
    """The shipped profiles, and the user's own."""
    from orchestrator.adapters.profile_files import load_profiles, shipped_profiles_dir

    own = places().config / "profiles"
    return load_profiles(shipped_profiles_dir(), *([own] if own.is_dir() else []))
