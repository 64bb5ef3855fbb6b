"""A download in the making: the bytes that arrived, kept between runs, and their digest so far."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

from orchestrator.adapters.checksums import READ_BYTES, hasher


class PartialFile:
    """Opens what an earlier run left at `path`, or begins; one at a time, under the repository's lock."""

    def __init__(self, path: Path, digest: str, file_bytes: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.bytes = 0
        self._kind = (digest, file_bytes)
        self._hasher = hasher(*self._kind)
        self._file = path.open("a+b")
        self._file.seek(0)
        while chunk := self._file.read(READ_BYTES):
            self._count(chunk)

    def write(self, chunk: bytes) -> None:
        """Add what arrived."""
        self._file.write(chunk)
        self._count(chunk)

    def restart(self) -> None:
        """Drop everything, because the server begins again from the first byte."""
        self._file.truncate(0)
        self._hasher = hasher(*self._kind)
        self.bytes = 0

    def hexdigest(self) -> str:
        """The digest of the bytes that are here."""
        return self._hasher.hexdigest()

    def __enter__(self) -> PartialFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Bring what arrived to the disk itself, so that what was right is right after a power cut."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def _count(self, chunk: bytes) -> None:
        self._hasher.update(chunk)
        self.bytes += len(chunk)
