"""What the kernel's control groups allow this process: CPU time and memory, in cgroup v1 and v2.

A limit may sit on the process's own group or on any parent, and a container may see only its own part of the
tree; so every directory from the mount down to the group is read, and the tightest limit counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath


@dataclass(frozen=True)
class MemoryLimit:
    """The memory that a group may use, and how much of it is not in use."""

    total_bytes: int
    available_bytes: int


@dataclass(frozen=True)
class MemoryFiles:
    """The files of one cgroup version that tell a memory limit."""

    limit: str
    usage: str
    reclaimable: str  # the line of memory.stat with file cache that the kernel drops when asked


MEMORY_FILES = (
    MemoryFiles("memory.max", "memory.current", "inactive_file"),
    MemoryFiles("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


def cpu_quota_cores(proc: Path, sys: Path) -> float | None:
    """The tightest CPU quota, in cores; None where there is none."""
    quotas = [quota for directory in _directories(proc, sys, "cpu") for quota in _quotas(directory)]
    return min(quotas, default=None)


def memory_limits(proc: Path, sys: Path) -> Iterator[MemoryLimit]:
    """Every memory limit above this process, parents included."""
    for directory in _directories(proc, sys, "memory"):
        for files in MEMORY_FILES:
            limit_bytes = _number(directory / files.limit)
            if limit_bytes is not None:
                used_bytes = (_number(directory / files.usage) or 0) - _reclaimable_bytes(directory, files)
                yield MemoryLimit(limit_bytes, max(0, limit_bytes - max(0, used_bytes)))


def _directories(proc: Path, sys: Path, controller: str) -> Iterator[Path]:
    """From each mount of `controller` down to this process's group; some may not exist."""
    for mount, group in _groups(proc, controller):
        directory = sys / "fs/cgroup" / mount
        yield directory
        for part in PurePosixPath(group).parts[1:]:
            directory /= part
            yield directory


def _groups(proc: Path, controller: str) -> Iterator[tuple[str, str]]:
    """(mount below /sys/fs/cgroup, group) pairs: `0::/user` is version 2, `4:cpu,cpuacct:/user` version 1.

    Controllers that share a mount, in either order, can be reached by each one's name: the rest are links.
    """
    for line in _text(proc / "self/cgroup").splitlines():
        _, controllers, group = line.split(":", 2)
        if not controllers:
            yield "", group
        elif controller in controllers.split(","):
            yield controller, group


def _quotas(directory: Path) -> Iterator[float]:
    """The CPU quota of one directory in cores: `200000 100000` (v2) or two files (v1) mean 2."""
    v2 = _text(directory / "cpu.max").split()
    v1 = [_text(directory / "cpu.cfs_quota_us").strip(), _text(directory / "cpu.cfs_period_us").strip()]
    for quota in (v2, v1):
        if len(quota) == 2 and quota[0].isdigit() and quota[1].isdigit() and int(quota[1]) > 0:
            yield int(quota[0]) / int(quota[1])


def _reclaimable_bytes(directory: Path, files: MemoryFiles) -> int:
    """File cache that counts as used but yields at need, as the kubelet reckons a working set."""
    for line in _text(directory / "memory.stat").splitlines():
        key, _, value = line.partition(" ")
        if key == files.reclaimable and value.isdigit():
            return int(value)
    return 0


def _number(path: Path) -> int | None:
    """The number in a file; None for `max` and for a file that is not there."""
    text = _text(path).strip()
    return int(text) if text.isdigit() else None


def _text(path: Path) -> str:
    """A file's text; nothing where it is not there or may not be read."""
    try:
        return path.read_text()
    except OSError:
        return ""
