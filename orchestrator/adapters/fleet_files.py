"""A fleet's folder: what was deployed, its tokens and logs; and the lock that lets one command change it."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TextIO

from orchestrator.adapters.files import write_private
from orchestrator.core.deployment import DeploymentSpec, deployment_spec_from_data
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.fleet import command


@dataclass(frozen=True)
class FleetRecord:
    """What is remembered of a fleet between commands; `dashboard_port` is 0 until Ray runs."""

    created_at_s: int
    dashboard_port: int = 0
    deployed: DeploymentSpec | None = None


def history_path(scaling_path: Path) -> Path:
    """Where the policy keeps the history of a fleet, beside the file of what it has learned."""
    return scaling_path.with_name("history.db")


def fleet_names(state_dir: Path) -> tuple[str, ...]:
    """Of the fleets on this host."""
    return tuple(sorted(record.parent.name for record in state_dir.glob("[!.]*/fleet.json")))


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
        self.scaling_path = self.folder / "scaling.json"
        self.history_path = history_path(self.scaling_path)
        self.log_dir = self.folder / "logs"

    @property
    def exist(self) -> bool:
        """Whether there is anything of this fleet, whatever state it is in."""
        return self.folder.exists()

    def read(self) -> FleetRecord | None:
        """The record, or None when there is no fleet of this name; raises EnvironmentNotReady when it is of no use."""
        try:
            record = _record(json.loads(self.record_path.read_text()))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unusable(f"cannot be read: {error.strerror}", hint=f"ls -l {self.record_path}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise self._unusable(f"is damaged, or another version's: {type(error).__name__}: {error}") from error
        if record.dashboard_port and not (self.ray_token_path.exists() and self.admin_token_path.exists()):
            raise self._unusable("has lost the tokens beside it")
        return record

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
        """Remove the fleet's folder; the record goes first, since without it the rest is no fleet."""
        self.record_path.unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def locked(self, verb: str) -> Iterator[None]:
        """Hold the fleet for one command; raises EnvironmentNotReady when another one holds it."""
        with self._lock() as lock:
            lock.truncate(0)
            lock.write(f"{os.getpid()} {verb}")
            lock.flush()
            try:
                yield
            finally:
                self._lock_path.unlink(missing_ok=True)
                with suppress(OSError):  # other fleets are there
                    self._lock_path.parent.rmdir()

    def _lock(self) -> TextIO:
        """The lock's file, held; one that its last holder removed while we opened it is nobody's, so look again."""
        while True:
            lock = self._open_lock()
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                with lock:
                    raise self._held(lock) from None
            if _is_file_at(lock, self._lock_path):
                return lock
            lock.close()

    def _open_lock(self) -> TextIO:
        folder = self._lock_path.parent
        while True:
            try:
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                return self._lock_path.open("a+")
            except (FileNotFoundError, FileExistsError):  # the last holder has just removed the folder, most likely
                if _is_in_the_way(folder):
                    raise

    def _held(self, lock: TextIO) -> EnvironmentNotReady:
        lock.seek(0)
        pid, _, verb = lock.read().partition(" ")
        holder = f"`qorch {verb}` (pid {pid})" if verb else "another command"
        hint = f"wait until it is done, or stop it: kill {pid}" if verb else "wait until it is done"
        return EnvironmentNotReady(f"the fleet {self.name!r} is being changed by {holder}", hint=hint)

    def _unusable(self, how: str, hint: str | None = None) -> EnvironmentNotReady:
        return EnvironmentNotReady(
            f"the fleet's record {self.record_path} {how}",
            hint=hint or f"{command('down', self.name)}, which needs no record; then qorch up again",
        )


def _is_in_the_way(path: Path) -> bool:
    """Whether something that is no folder has its place, by one look: folders come and go meanwhile."""
    try:
        return not stat.S_ISDIR(path.stat().st_mode)
    except FileNotFoundError:
        return path.is_symlink()


def _is_file_at(file: TextIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except FileNotFoundError:
        return False


def _record(data: dict[str, Any]) -> FleetRecord:
    deployed = data["deployed"]
    return FleetRecord(**{**data, "deployed": deployment_spec_from_data(deployed) if deployed else None})
