"""A bounded reading of a GGUF file's header, done before llama.cpp sees the file.

Any bytes give a `GgufHeader` or a `GgufError`, in bounded memory and time: counts, lengths and types are limited,
and every tensor must lie inside the file. Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from orchestrator.adapters.bounded_reader import BoundedReader, TooMuch
from orchestrator.adapters.ggml_types import tensor_bytes
from orchestrator.core.errors import EnvironmentNotReady

MAX_HEADER_BYTES = 64 << 20  # Qwen 3.5's vocabulary of 248,320 tokens takes 10 MB
MAX_KEYS = 4096
MAX_TENSORS = 100_000
MAX_KEY_BYTES = 1024
MAX_TENSOR_NAME_BYTES = 63  # ggml keeps 64, one of them for the NUL
MAX_ARRAY_ITEMS = 4_000_000
MAX_ALIGNMENT = 1 << 16
MAX_DIMENSIONS = 4

SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
STRING, ARRAY = 8, 9
Value = int | float | bool | str


class GgufError(EnvironmentNotReady):
    """The file is not a GGUF file that may be loaded; the message says what is wrong with it."""


@dataclass(frozen=True)
class GgufHeader:
    """What a GGUF file says about itself; None where it does not say (later shards say little)."""

    version: int
    tensor_count: int
    architecture: str | None
    name: str | None
    file_type: int | None  # llama.cpp's ftype of most tensors
    context_length: int | None  # tokens
    block_count: int | None  # layers
    embedding_length: int | None  # hidden size


def read_gguf_header(path: Path) -> GgufHeader:
    """Read and check the header of the file at `path`."""
    try:
        with path.open("rb") as file:
            return parse_gguf_header(file, os.fstat(file.fileno()).st_size)
    except OSError as unreadable:
        raise GgufError(f"{path}: cannot be read: {unreadable.strerror}", hint=f"ls -lL {path}") from unreadable
    except (GgufError, TooMuch) as wrong:
        raise GgufError(f"{path}: not a sound GGUF file: {wrong}", hint=f"rm {path}  # and fetch it again") from wrong


def parse_gguf_header(file: BinaryIO, file_bytes: int) -> GgufHeader:
    """The header of an open file of `file_bytes`; raises `GgufError` or `TooMuch`."""
    reader = BoundedReader(file, MAX_HEADER_BYTES)
    version = _version(reader)
    tensor_count = _count(reader.number("Q"), MAX_TENSORS, "tensors")
    values = _values(reader, _count(reader.number("Q"), MAX_KEYS, "keys"))
    ends = _tensor_ends(reader, tensor_count, alignment := _alignment(values))
    data_start = -(-reader.position // alignment) * alignment
    for name, end in ends.items():
        if data_start + end > file_bytes:
            raise GgufError(f"tensor {name!r} ends at byte {data_start + end:,} of a file of {file_bytes:,}: truncated")
    return _header(version, tensor_count, values)


def _version(reader: BoundedReader) -> int:
    """2 or 3, after the magic; a file for machines of the other byte order is refused."""
    if (magic := reader.take(4)) != b"GGUF":
        raise GgufError(f"begins with {magic!r}, expected b'GGUF'")
    version = reader.number("I")
    if version not in (2, 3):
        raise GgufError(f"version {version}, expected 2 or 3 in little-endian order")
    return version


def _count(count: int, limit: int, what: str) -> int:
    if count > limit:
        raise GgufError(f"{count:,} {what}, more than the {limit:,} that qorch accepts")
    return count


def _values(reader: BoundedReader, count: int) -> dict[str, Value]:
    """The keys with one value each; arrays (the vocabulary) are walked and left."""
    values: dict[str, Value] = {}
    seen = set()
    for _ in range(count):
        key = _text(reader.string(MAX_KEY_BYTES))
        if key in seen:
            raise GgufError(f"key {key!r} stands twice")
        seen.add(key)
        kind = reader.number("I")
        if kind == ARRAY:
            _skip_array(reader, key)
        else:
            values[key] = _value(reader, kind, key)
    return values


def _value(reader: BoundedReader, kind: int, key: str) -> Value:
    if kind == STRING:
        return _text(reader.string(MAX_HEADER_BYTES))
    if kind in SCALARS:
        value: Value = reader.scalar(SCALARS[kind])
        return value
    raise GgufError(f"key {key!r} has the unknown type {kind}")


def _skip_array(reader: BoundedReader, key: str) -> None:
    kind = reader.number("I")
    count = _count(reader.number("Q"), MAX_ARRAY_ITEMS, f"items in {key!r}")
    if kind == STRING:
        reader.skip_strings(count)
    elif kind in SCALARS:
        reader.skip(count * reader.size_of(SCALARS[kind]))
    else:
        raise GgufError(f"array {key!r} has items of the unknown type {kind}")


def _alignment(values: Mapping[str, Value]) -> int:
    """Bytes that tensors are aligned to: a power of two, 32 where the file does not say."""
    alignment = _whole(values, "general.alignment") if "general.alignment" in values else 32
    if alignment is None or not 0 < alignment <= MAX_ALIGNMENT or alignment & (alignment - 1):
        raise GgufError(f"general.alignment is {alignment}, expected a power of two up to {MAX_ALIGNMENT:,}")
    return alignment


def _tensor_ends(reader: BoundedReader, count: int, alignment: int) -> dict[str, int]:
    """Where each tensor ends, in bytes from the start of the tensor data."""
    ends: dict[str, int] = {}
    for _ in range(count):
        name = _text(reader.string(MAX_TENSOR_NAME_BYTES))
        if name in ends:
            raise GgufError(f"tensor {name!r} stands twice")
        rank = _count(reader.number("I"), MAX_DIMENSIONS, f"dimensions of {name!r}")
        dimensions = [reader.number("Q") for _ in range(rank)]
        nbytes = tensor_bytes(dimensions, kind := reader.number("I"))
        offset = reader.number("Q")
        if nbytes is None or offset % alignment:
            raise GgufError(f"tensor {name!r} of {dimensions} weights of type {kind} at {offset} is malformed")
        ends[name] = offset + nbytes
    return ends


def _header(version: int, tensor_count: int, values: Mapping[str, Value]) -> GgufHeader:
    architecture = _string(values, "general.architecture")
    return GgufHeader(
        version=version,
        tensor_count=tensor_count,
        architecture=architecture,
        name=_string(values, "general.name"),
        file_type=_whole(values, "general.file_type"),
        context_length=_whole(values, f"{architecture}.context_length"),
        block_count=_whole(values, f"{architecture}.block_count"),
        embedding_length=_whole(values, f"{architecture}.embedding_length"),
    )


def _string(values: Mapping[str, Value], key: str) -> str | None:
    value = values.get(key)
    if value is not None and not isinstance(value, str):
        raise GgufError(f"{key} is {value!r}, expected text")
    return value


def _whole(values: Mapping[str, Value], key: str) -> int | None:
    value = values.get(key)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise GgufError(f"{key} is {value!r}, expected a whole number")
    return value


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as wrong:
        raise GgufError(f"{raw[:40]!r} is not UTF-8") from wrong
