"""Where qorch keeps things, and where a fleet is."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ClusterPlace:
    """Where in which cluster; None as `kubectl` takes it then."""

    kubeconfig: Path | None
    context: str | None
    namespace: str | None

    @property
    def words(self) -> tuple[str, ...]:
        """The options by which another command is about the same place."""
        file = None if self.kubeconfig is None else str(self.kubeconfig.absolute())
        given = {"--kubeconfig": file, "--kube-context": self.context, "--namespace": self.namespace}
        return tuple(word for name, value in given.items() if value is not None for word in (name, value))


@dataclass(frozen=True)
class Places:
    """Where qorch keeps things, by the XDG base directory rules; QORCH_HOME puts all of them in one folder."""

    state: Path  # fleets that run
    cache: Path  # weights
    config: Path  # keys, the user's own profiles


def own() -> Places:
    home = os.environ.get("QORCH_HOME")
    if home:
        base = Path(home).absolute()
        return Places(base / "state", base / "cache", base / "config")
    return Places(
        _xdg("XDG_STATE_HOME", ".local/state"), _xdg("XDG_CACHE_HOME", ".cache"), _xdg("XDG_CONFIG_HOME", ".config")
    )


def _xdg(variable: str, default: str) -> Path:
    return Path(os.environ.get(variable) or Path.home() / default) / "qorch"
