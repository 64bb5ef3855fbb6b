"""Digests of weight files, and the memory of those that were found right."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.adapters.files import write_private

if TYPE_CHECKING:
    from hashlib import _Hash

READ_BYTES = 1 << 20
SHA256 = re.compile(r"[0-9a-f]{64}")
GIT_SHA1 = re.compile(r"[0-9a-f]{40}")


def is_digest(text: str) -> bool:
    """Whether the text is a sha256 (files in LFS) or a git blob id (the small files beside them)."""
    return bool(SHA256.fullmatch(text) or GIT_SHA1.fullmatch(text))


def hasher(digest: str, file_bytes: int) -> _Hash:
    """What computes a digest of the same kind as `digest`, for a file of this size."""
    if SHA256.fullmatch(digest):
        return hashlib.sha256()
    return hashlib.sha1(f"blob {file_bytes}\0".encode(), usedforsecurity=False)


def has_digest(path: Path, digest: str, on_bytes: Callable[[int], None]) -> bool:
    """Whether the file's content has this digest; `on_bytes` hears how many bytes each step read."""
    state = hasher(digest, path.stat().st_size)
    with path.open("rb") as file:
        while chunk := file.read(READ_BYTES):
            state.update(chunk)
            on_bytes(len(chunk))
    return state.hexdigest() == digest


class Verified:
    """Files whose digest was right, known again by path, size and modification time.

    Remembering is a convenience: where the note cannot be written, the file is hashed again next time.
    """

    def __init__(self, note: Path) -> None:
        self._note = note

    def knows(self, path: Path, digest: str) -> bool:
        """Whether this very file was found to have this digest."""
        return self._read().get(str(path.resolve())) == _mark(path, digest)

    def add(self, path: Path, digest: str) -> None:
        """Remember that the file has this digest, and forget files that are gone."""
        marks = {name: mark for name, mark in self._read().items() if Path(name).exists()}
        marks[str(path.resolve())] = _mark(path, digest)
        with contextlib.suppress(OSError):
            write_private(self._note, json.dumps(marks, indent=1))

    def _read(self) -> dict[str, Any]:
        try:
            marks = json.loads(self._note.read_bytes())
        except (OSError, ValueError):
            return {}
        return marks if isinstance(marks, dict) else {}


def _mark(path: Path, digest: str) -> list[int | str]:
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns, digest]
