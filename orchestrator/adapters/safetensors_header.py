"""A bounded check of a safetensors file: its header must be sound and its tensors must lie inside the file.

The format: https://github.com/huggingface/safetensors#format
"""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path
from typing import Any

from orchestrator.core.errors import EnvironmentNotReady

MAX_HEADER_BYTES = 100_000_000  # the limit of the safetensors library itself


class SafetensorsError(EnvironmentNotReady):
    """The file is not a safetensors file that may be loaded; the message says what is wrong with it."""


def check_safetensors(path: Path) -> None:
    """Raise `SafetensorsError` unless the file holds exactly the tensors that its header announces."""
    _checked_header(path)


def safetensors_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """The shape of each tensor by its name; raises `SafetensorsError` as `check_safetensors` does."""
    header = _checked_header(path)
    try:
        return {name: _shape(name, tensor) for name, tensor in header.items() if name != "__metadata__"}
    except ValueError as wrong:
        raise SafetensorsError(f"{path}: not a sound safetensors file: {wrong}", hint=_again(path)) from wrong


def _checked_header(path: Path) -> dict[str, Any]:
    """The table of tensors, each of which lies inside the file."""
    try:
        with path.open("rb") as file:
            file_bytes = os.fstat(file.fileno()).st_size
            header_bytes = struct.unpack("<Q", file.read(8).ljust(8, b"\xff"))[0]
            if header_bytes > min(MAX_HEADER_BYTES, file_bytes):
                raise ValueError(f"a header of {header_bytes:,} bytes in a file of {file_bytes:,}")
            header = json.loads(file.read(header_bytes))
            end = 8 + header_bytes + _data_bytes(header)
    except OSError as unreadable:
        raise SafetensorsError(f"{path}: cannot be read: {unreadable.strerror}", hint=f"ls -lL {path}") from unreadable
    except (ValueError, RecursionError) as wrong:
        raise SafetensorsError(f"{path}: not a sound safetensors file: {wrong}", hint=_again(path)) from wrong
    if end != file_bytes:
        raise SafetensorsError(
            f"{path}: its tensors need {end:,} bytes, the file has {file_bytes:,}", hint=_again(path)
        )
    return dict(header)


def _data_bytes(header: Any) -> int:
    """Where the last tensor ends, in bytes from the end of the header."""
    if not isinstance(header, dict):
        raise ValueError("its header is not a table of tensors")
    ends = [0]
    for name, tensor in header.items():
        if name != "__metadata__":
            ends.append(_end(name, tensor))
    return max(ends)


def _end(name: str, tensor: Any) -> int:
    match tensor:
        case {"data_offsets": [int(start), int(end)]} if 0 <= start <= end:
            return end
    raise ValueError(f"tensor {name[:80]!r} has no data_offsets in order")


def _shape(name: str, tensor: Any) -> tuple[int, ...]:
    match tensor:
        case {"shape": [*sizes]} if all(isinstance(size, int) and size >= 0 for size in sizes):
            return tuple(sizes)
    raise ValueError(f"tensor {name[:80]!r} has no shape")


def _again(path: Path) -> str:
    return f"rm {path}  # and fetch it again"
