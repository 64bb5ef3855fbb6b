"""The bounded check of GGUF files: files of the gguf package pass, any other bytes give a GgufError."""

from __future__ import annotations

import contextlib
import io
import struct
import time
import tracemalloc
from pathlib import Path

import gguf
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.adapters.bounded_reader import TooMuch
from orchestrator.adapters.ggml_types import BLOCKS
from orchestrator.adapters.gguf_header import GgufError, GgufHeader, parse_gguf_header, read_gguf_header
from tests.adapters.model_samples import gguf_bytes


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def key(name: str, kind: int, value: bytes) -> bytes:
    return text(name) + struct.pack("<I", kind) + value


def tensor(name: str = "w", dimensions: tuple[int, ...] = (32,), kind: int = 0, offset: int = 0) -> bytes:
    shape = struct.pack("<I", len(dimensions)) + b"".join(struct.pack("<Q", n) for n in dimensions)
    return text(name) + shape + struct.pack("<IQ", kind, offset)


def file(*parts: bytes, tensors: int = 0, keys: int = 0, version: int = 3, data: int = 4096) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", version, tensors, keys) + b"".join(parts) + bytes(data)


def parse(content: bytes) -> GgufHeader:
    return parse_gguf_header(io.BytesIO(content), len(content))


def problem(content: bytes) -> str:
    with pytest.raises((GgufError, TooMuch)) as caught:
        parse(content)
    return str(caught.value)


def test_the_header_of_a_real_file_is_read(tmp_path: Path) -> None:
    gguf_bytes(tmp_path)
    assert read_gguf_header(tmp_path / "sample.gguf") == GgufHeader(
        version=3,
        tensor_count=1,
        architecture="qwen35",
        name="Sample",
        file_type=7,
        context_length=262144,
        block_count=24,
        embedding_length=1024,
    )


def test_every_tensor_type_of_the_gguf_package_has_its_size_here() -> None:
    assert {int(kind): size for kind, size in gguf.GGML_QUANT_SIZES.items()} == BLOCKS


def test_a_vocabulary_of_the_real_size_is_read_in_a_moment(tmp_path: Path) -> None:
    writer = gguf.GGUFWriter(tmp_path / "big.gguf", "qwen35")
    writer.add_token_list([f"token{i}" for i in range(248_320)])
    writer.add_token_merges([f"tok en{i}" for i in range(247_587)])
    writer.add_token_types([1] * 248_320)
    writer.add_tensor("w", np.zeros(32, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    started = time.process_time()
    read_gguf_header(tmp_path / "big.gguf")
    assert time.process_time() - started < 1


def test_the_error_names_the_file_and_says_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(gguf_bytes(tmp_path)[:-100])
    with pytest.raises(GgufError, match=r"x\.gguf: not a sound GGUF file: tensor .* truncated"):
        read_gguf_header(path)
    with pytest.raises(GgufError, match="cannot be read: No such file"):
        read_gguf_header(tmp_path / "absent.gguf")
    with pytest.raises(GgufError, match="cannot be read: Is a directory"):
        read_gguf_header(tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "ends at byte 0"),
        (b"PK\x03\x04" + bytes(100), "expected b'GGUF'"),
        (file(version=1), "version 1"),
        (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "little-endian"),
        (file(tensors=1 << 60), "more than the 100,000"),
        (file(keys=1 << 60), "more than the 4,096"),
        (file(struct.pack("<Q", 1 << 62), keys=1), "a string of 4,611,686,018,427,387,904 bytes"),
        (file(key("k", 77, b""), keys=1), "unknown type 77"),
        (file(key("k", 9, struct.pack("<IQ", 9, 1)), keys=1), "items of the unknown type 9"),
        (file(key("k", 9, struct.pack("<IQ", 8, 1 << 40)), keys=1), "items in 'k', more than"),
        (file(key("k", 9, struct.pack("<IQQ", 8, 1, 1 << 40)), keys=1), "goes on past"),
        (file(key("k", 9, struct.pack("<IQ", 12, 4_000_000)), keys=1), "truncated"),
        (file(*[key("k", 7, b"\1")] * 2, keys=2), "'k' stands twice"),
        (file(key("k", 8, struct.pack("<Q", 1) + b"\xff"), keys=1), "not UTF-8"),
        (file(key("general.alignment", 4, struct.pack("<I", 0)), keys=1), "alignment is 0"),
        (file(key("general.alignment", 4, struct.pack("<I", 48)), keys=1), "alignment is 48"),
        (file(key("general.alignment", 4, struct.pack("<I", 1 << 31)), keys=1), "power of two up to"),
        (file(key("general.alignment", 8, text("32")), keys=1), "expected a whole number"),
        (file(key("general.architecture", 4, bytes(4)), keys=1), "expected text"),
        (file(tensor(kind=99), tensors=1), "malformed"),
        (file(tensor(offset=8), tensors=1), "malformed"),
        (file(tensor(dimensions=(33,), kind=8), tensors=1), "malformed"),
        (file(tensor(dimensions=(16, 2), kind=8), tensors=1), "malformed"),
        (file(tensor(dimensions=(1,) * 5), tensors=1), "5 dimensions"),
        (file(tensor(name="n" * 64), tensors=1), "a string of 64 bytes"),
        (file(tensor() * 2, tensors=2), "'w' stands twice"),
        (file(tensor(dimensions=(1 << 63, 1 << 63)), tensors=1), "truncated"),
        (file(tensor(offset=4096), tensors=1), "truncated"),
        (file(tensor(offset=1 << 63), tensors=1), "truncated"),
    ],
)
def test_what_is_wrong_with_a_header_is_said(content: bytes, words: str) -> None:
    assert words in problem(content)


def test_a_tensor_that_ends_with_the_file_is_inside_it() -> None:
    header = file(tensor(), tensors=1, data=0)
    padding = -len(header) % 32
    assert parse(header + bytes(padding + 128)).tensor_count == 1
    assert "truncated" in problem(header + bytes(padding + 127))


def test_alignment_moves_the_tensors(tmp_path: Path) -> None:
    header = file(key("general.alignment", 4, struct.pack("<I", 4096)), tensor(), tensors=1, keys=1, data=0)
    assert parse(header.ljust(4096 + 128, b"\0")).tensor_count == 1
    assert "truncated" in problem(header.ljust(4096 + 127, b"\0"))


@settings(max_examples=300, deadline=2000)
@given(st.binary(max_size=600))
def test_any_bytes_are_a_header_or_an_error(content: bytes) -> None:
    parses_or_refuses(content)
    parses_or_refuses(b"GGUF" + content)
    parses_or_refuses(file(content, tensors=3, keys=3, data=0))


@settings(max_examples=300, deadline=2000)
@given(data=st.data())
def test_a_sound_file_with_any_bytes_changed_is_a_header_or_an_error(data: st.DataObject) -> None:
    keys = [
        key("general.architecture", 8, text("qwen35")),
        key("general.alignment", 4, struct.pack("<I", 32)),
        key("tokens", 9, struct.pack("<IQ", 8, 2) + text("a") + text("b")),
        key("floats", 9, struct.pack("<IQ", 6, 2) + bytes(8)),
    ]
    content = bytearray(file(*keys, tensor("a"), tensor("b", offset=128), tensors=2, keys=4, data=512))
    parse(bytes(content))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 513))
        piece = data.draw(st.binary(min_size=1, max_size=8))
        content[at : at + len(piece)] = piece
    parses_or_refuses(bytes(content))
    parses_or_refuses(bytes(content[: data.draw(st.integers(0, len(content)))]))


def parses_or_refuses(content: bytes) -> None:
    with contextlib.suppress(GgufError, TooMuch):
        parse(content)


def test_the_largest_header_is_read_in_seconds() -> None:
    strings = struct.pack("<IQ", 8, 2_000_000) + bytes(16_000_000)
    content = file(*[key(f"k{n}", 9, strings) for n in range(4)], keys=4)
    started = time.process_time()
    assert parse(content).tensor_count == 0
    assert time.process_time() - started < 10


def test_a_header_without_end_takes_no_more_memory_than_its_limit() -> None:
    numbers = struct.pack("<IQ", 12, 4_000_000) + bytes(32_000_000)
    content = file(*[key(f"k{n}", 9, numbers) for n in range(8)], keys=8)
    tracemalloc.start()
    assert "goes on past 67,108,864 bytes" in problem(content)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 2 * (64 << 20)
