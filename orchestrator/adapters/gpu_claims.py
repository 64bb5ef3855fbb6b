"""Which GPUs of this host are taken, by all fleets of one user: a lock for each device, in a folder of theirs.

A lock is an open file (flock), so it lasts as long as anything holds that file open: the replica, or the engine that
was given its descriptors. When both are gone, however they went, the kernel frees it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from orchestrator.adapters.files import changing

MOST_NOTE_BYTES = 4096


@dataclass(frozen=True)
class Claim:
    """Devices that are ours while `fds` are open here, or in a process that inherited them."""

    devices: tuple[str, ...]  # UUIDs
    fds: tuple[int, ...]  # for the engine: as long as one of its processes has them, its GPUs are not given away

    def release(self) -> None:
        """Close our end; an engine that still has the descriptors keeps its devices."""
        for fd in self.fds:
            os.close(fd)


@dataclass(frozen=True)
class Holder:
    """Who has a device; its process may be gone, while the engine that it started lives."""

    device: str
    pid: int
    fleet: str

    def __str__(self) -> str:
        return f"{self.device} is held by the fleet {self.fleet!r} (claimed by pid {self.pid})"


def claim(sets: Iterable[Sequence[str]], folder: Path, fleet: str) -> Claim | None:
    """The first of these sets of devices that is free as a whole, now ours; None where each has one that is taken."""
    with changing(folder / "claims"):  # one at a time: nobody sees the half of a set as taken
        return next((won for devices in sets if (won := _all_of(devices, folder, fleet))), None)


def holders(devices: Iterable[str], folder: Path) -> tuple[Holder, ...]:
    """Who has those of the devices that are taken."""
    with changing(folder / "claims"):
        return tuple(holder for device in devices if (holder := _holder(device, folder)))


def _all_of(devices: Sequence[str], folder: Path, fleet: str) -> Claim | None:
    """Every device, or none of them."""
    with ExitStack() as undo:
        fds = []
        for device in devices:
            fd = _locked(_path(device, folder))
            if fd is None:
                return None
            undo.callback(os.close, fd)
            fds.append(fd)
        for fd in fds:
            _sign(fd, fleet)
        undo.pop_all()
        return Claim(tuple(devices), tuple(fds))


def _locked(path: Path) -> int | None:
    """The descriptor of the device's file with its lock, or None where somebody has it."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    return fd


def _sign(fd: int, fleet: str) -> None:
    os.truncate(fd, 0)
    os.pwrite(fd, f"{os.getpid()} {fleet}".encode(), 0)


def _holder(device: str, folder: Path) -> Holder | None:
    path = _path(device, folder)
    fd = _locked(path)
    if fd is not None:
        os.close(fd)
        return None
    pid, _, fleet = path.read_bytes()[:MOST_NOTE_BYTES].decode(errors="replace").partition(" ")
    return Holder(device, int(pid) if pid.isdecimal() else 0, fleet)


def _path(device: str, folder: Path) -> Path:
    """A UUID as a file's name; old drivers write slices as "MIG-GPU-…/1/0"."""
    return folder / device.replace("/", "_")
