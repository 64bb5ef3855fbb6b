"""A fleet's folder: what was deployed, its tokens and logs; and the lock that lets one command change it."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from orchestrator.adapters.files import write_private
from orchestrator.core.deployment import DeploymentSpec, deployment_spec_from_data
from orchestrator.core.errors import EnvironmentNotReady


@dataclass(frozen=True)
class FleetRecord:
    """What is remembered of a fleet between commands; `dashboard_port` is 0 until Ray runs."""

    created_at_s: int
    dashboard_port: int = 0
    deployed: DeploymentSpec | None = None


class FleetFiles:
    """The folder of one fleet on this host."""

    def __init__(self, state_dir: Path, name: str) -> None:
        self.name = name
        self.fleet_id = f"{state_dir / name}"  # no two fleets on a host share a folder
        self.folder = state_dir / name
        self._lock_path = state_dir / f".{name}.lock"
        self.record_path = self.folder / "fleet.json"
        self.ray_token_path = self.folder / "ray_token"
        self.admin_token_path = self.folder / "admin_token"
        self.log_dir = self.folder / "logs"

    def read(self) -> FleetRecord | None:
        """The record, or None when there is no fleet of this name."""
        try:
            return _record(json.loads(self.record_path.read_text()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise EnvironmentNotReady(
                f"the fleet's record {self.record_path} cannot be read: {error}",
                hint=f"qorch down --fleet {self.name} --force",
            ) from error

    def read_or_forget(self) -> FleetRecord | None:
        """The record, or None also when it cannot be understood: for taking a fleet down."""
        try:
            return self.read()
        except EnvironmentNotReady:
            return None

    def write(self, record: FleetRecord) -> None:
        write_private(self.record_path, json.dumps(asdict(record), indent=2) + "\n")

    def update(self, record: FleetRecord, **changes: Any) -> FleetRecord:
        """Write the record with these changes, and return it."""
        changed = replace(record, **changes)
        self.write(changed)
        return changed

    def remove(self) -> None:
        """Remove the fleet's folder, and the folder above when this was the last."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def locked(self, verb: str) -> Iterator[None]:
        """Hold the fleet for one command; raises EnvironmentNotReady when another one holds it."""
        self._lock_path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._lock_path.open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.stat(self._lock_path)  # gone when the last holder let go while we opened it
            except OSError as error:
                raise self._held() from error
            lock.truncate(0)
            lock.write(f"{verb} (pid {os.getpid()})")
            lock.flush()
            try:
                yield
            finally:
                self._lock_path.unlink(missing_ok=True)

    def _held(self) -> EnvironmentNotReady:
        holder = self._lock_path.read_text() if self._lock_path.exists() else "another command"
        return EnvironmentNotReady(
            f"the fleet {self.name!r} is being changed by `qorch {holder}`", hint=f"qorch status --fleet {self.name}"
        )


def _record(data: dict[str, Any]) -> FleetRecord:
    deployed = data["deployed"]
    return FleetRecord(**{**data, "deployed": deployment_spec_from_data(deployed) if deployed else None})
