"""Images are measured by their headers, and nothing is fetched or decoded."""

from __future__ import annotations

import base64
import struct
import time
import zlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.serving.gateway.api_errors import ApiError
from orchestrator.serving.gateway.image_header import ImageHeader, image_header
from orchestrator.serving.gateway.images import MOST_IMAGE_BYTES, measured_images, tokens_by_engine

SIDES = st.integers(1, 0x3FFF)
FRAMES = st.sampled_from([0xC0, 0xC1, 0xC2])
SEGMENTS = st.lists(st.tuples(st.sampled_from([0xDB, 0xC4, 0xE0, 0xE1, 0xFE]), st.binary(max_size=9)), max_size=6)


def png(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))


def jpeg(
    width: int, height: int, frame: int = 0xC0, segments: Sequence[tuple[int, bytes]] = (), fill: int = 0
) -> bytes:
    before = b"".join(
        b"\xff" * (1 + fill) + bytes([kind]) + struct.pack(">H", 2 + len(data)) + data for kind, data in segments
    )
    return b"\xff\xd8" + before + b"\xff" * (1 + fill) + struct.pack(">BHBHHB", frame, 11, 8, height, width, 1)


def webp(kind: bytes, data: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", 12 + len(data)) + b"WEBP" + kind + struct.pack("<I", len(data)) + data


def url(data: bytes, kind: str = "png") -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def refusal(*urls: str, most: int = 2) -> str:
    with pytest.raises(ApiError) as raised:
        measured_images(urls, most)
    assert raised.value.status == 400
    return str(raised.value)


@given(SIDES, SIDES, FRAMES, SEGMENTS, st.integers(0, 3))
def test_each_kind_of_image_tells_its_size(
    width: int, height: int, frame: int, segments: list[tuple[int, bytes]], fill: int
) -> None:
    lossless = b"\x2f" + struct.pack("<I", width - 1 | (height - 1) << 14)
    extended = b"\0" * 4 + struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    lossy = b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", width, height)
    assert image_header(png(width, height)) == ImageHeader("png", width, height)
    assert image_header(jpeg(width, height, frame, segments, fill)) == ImageHeader("jpeg", width, height)
    for found in (webp(b"VP8L", lossless), webp(b"VP8X", extended), webp(b"VP8 ", lossy)):
        assert image_header(found) == ImageHeader("webp", width, height)


@given(
    st.sampled_from([b"", png(1, 1)[:16], b"\xff\xd8\xff", webp(b"VP8 ", b""), webp(b"VP8L", b""), webp(b"VP8X", b"")]),
    st.binary(max_size=60),
)
def test_any_bytes_are_measured_or_refused(start: bytes, rest: bytes) -> None:
    found = image_header(start + rest)
    assert found is None or found.pixels > 0


@pytest.mark.parametrize("filler", [b"\xff", b"\xff\xe0\x00\x02", b"\xff\xe0\x00\x00"])
def test_a_header_that_goes_on_and_on_costs_no_time(filler: bytes) -> None:
    started_s = time.monotonic()
    assert image_header(b"\xff\xd8\xff" + filler * (10_000_000 // len(filler))) is None
    assert time.monotonic() - started_s < 0.1


def test_a_second_size_behind_fill_bytes_is_not_believed() -> None:
    """A decoder skips the fill bytes and meets the large frame; so must we, and not the small one further on."""
    large = jpeg(60_000, 60_000, fill=1)
    assert image_header(large + b"\0" * 0xC000 + jpeg(8, 8)[2:]) == ImageHeader("jpeg", 60_000, 60_000)


def test_images_take_what_each_engine_makes_of_them() -> None:
    images = measured_images([url(png(64, 64)), url(jpeg(640, 480), "jpeg")], most=2)
    assert tokens_by_engine(images, {"llama.cpp", "vllm"}) == {
        "llama.cpp": (9 + 2) + (300 + 2),
        "vllm": (64 + 2) + (300 + 2),
    }
    assert tokens_by_engine([], {"vllm"}) == {}


@pytest.mark.parametrize(
    ("given_url", "reason"),
    [
        (url(png(4096, 4097)), "16,781,312 pixels"),
        (url(png(2**31, 2**31)), "pixels"),
        (url(png(2, 401)), "2 x 401: at most 200 times as long as wide"),
        (url(png(0, 8)), "not the png"),
        (url(jpeg(8, 8)), "not the png"),
        (url(png(8, 8), "jpeg"), "not the jpeg"),
        (url(b"GIF89a"), "not the png"),
        (url(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "not the png"),
        (url(b"%PDF-1.4", "jpeg"), "not the jpeg"),
        (url(b""), "not the png"),
        (url(png(8, 8), "svg+xml"), "no address is fetched"),
        (url(png(8, 8)).replace("base64,", ""), "no address is fetched"),
        ("http://169.254.169.254/latest/meta-data", "no address is fetched"),
        ("file:///etc/passwd", "no address is fetched"),
        (" " + url(png(8, 8)), "no address is fetched"),
        ("data:image/png;base64,@@@", "not valid base64"),
        ("data:image/png;base64,AAA", "not valid base64"),
        (url(png(8, 8)) + "\n", "not valid base64"),
        ("data:image/png;base64," + "A" * (MOST_IMAGE_BYTES * 4 // 3 + 4), "more than 20,971,520 bytes"),
    ],
)
def test_an_image_that_is_not_taken_is_named_with_its_reason(given_url: str, reason: str) -> None:
    assert reason in refusal(given_url)
    assert refusal(url(png(8, 8)), given_url).startswith("image 2: ")


def test_images_are_refused_where_nothing_sees_them_and_where_they_are_too_many() -> None:
    assert "no vision encoder" in refusal(url(png(8, 8)), most=0)
    assert "at most 2 images" in refusal(*[url(png(8, 8))] * 3)
