"""Writes a recording: a file that only its owner can read, bounded, and whole up to its last frame at any moment."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import BinaryIO

from orchestrator.adapters.gzip_members import Member, MemberWriter, members
from orchestrator.core.errors import UsageError
from orchestrator.core.live.frame_text import FrameText, frame_text
from orchestrator.core.live.playback import played_s
from orchestrator.core.live.recording import Header, frame_line, header_line
from orchestrator.core.live.snapshot import Snapshot

MEMBER_FRAMES = 60  # that a seek may have to read through
COPIED_BYTES = 1 << 20
PARTS = 16  # a member takes at most such a part of the limit


class Recorder:
    """One recording in the making; `bytes` are those that were written, `frames` all that were, forgotten ones too."""

    def __init__(self, path: Path, header: Header, limit_bytes: int) -> None:
        self.path, self.bytes, self.frames = path, 0, 0
        self._limit_bytes = limit_bytes
        self._file = _created(path)
        self._last_s = 0.0
        self._member: MemberWriter | None = None
        self._in_member = self._member_bytes = 0
        self._before: FrameText | None = None
        self._write(gzip.compress(f"{header_line(header)}\n".encode(), mtime=0))
        self._head_bytes = self.bytes

    def add(self, snapshot: Snapshot) -> None:
        """One frame more, which is in the file when this returns; raises OSError where it cannot be, and ends there."""
        frame = frame_text(snapshot, self._before)
        self._last_s = played_s(snapshot.at_s, self._last_s)
        member = self._member or self._begin(self._last_s)
        self._write(member.add(f"{frame_line(self.frames, frame, self._before)}\n".encode()))
        self._before, self.frames, self._in_member = frame, self.frames + 1, self._in_member + 1
        if self._in_member == MEMBER_FRAMES or self._member_bytes * PARTS > self._limit_bytes:
            self._end()

    @property
    def closed(self) -> bool:
        return self._file.closed

    def close(self) -> None:
        """Safe to call again, and where nothing more can be written."""
        if not self._file.closed:
            try:
                self._end()
            finally:
                self._file.close()

    def _begin(self, at_s: float) -> MemberWriter:
        if self.bytes > self._limit_bytes:
            self._forget()
        self._member, self._in_member, self._member_bytes, self._before = MemberWriter(), 0, 0, None
        self._write(self._member.begin(self.frames, at_s))
        return self._member

    def _end(self) -> None:
        if self._member is not None:
            member, self._member = self._member, None
            self._write(member.end())

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self._file.flush()
        self.bytes += len(data)
        self._member_bytes += len(data)

    def _forget(self) -> None:
        """Keep the newest half; the file is replaced whole."""
        kept = _newest(members(self._file), self._limit_bytes // 2)
        beside = self.path.with_name(f".{self.path.name}.newest")
        beside.unlink(missing_ok=True)
        file = _created(beside)
        _copy(self._file, 0, self._head_bytes, file)
        _copy(self._file, kept, self.bytes, file)
        file.flush()
        os.replace(beside, self.path)
        self._file.close()
        self._file, self.bytes = file, self._head_bytes + self.bytes - kept


def _created(path: Path) -> BinaryIO:
    """For its owner alone; what is there is never written over."""
    try:
        return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b")
    except FileExistsError:
        raise UsageError(f"{path} is there already, and is not written over", hint=f"mv {path} {path}.old") from None


def _newest(all_: tuple[Member, ...], most_bytes: int) -> int:
    """Where the first begins of those that together have so many bytes at most; of all of them, the last at least."""
    end = all_[-1].end
    return next((each.begin for each in all_ if end - each.begin <= most_bytes), all_[-1].begin)


def _copy(source: BinaryIO, begin: int, end: int, target: BinaryIO) -> None:
    for at in range(begin, end, COPIED_BYTES):
        source.seek(at)
        target.write(source.read(min(COPIED_BYTES, end - at)))
