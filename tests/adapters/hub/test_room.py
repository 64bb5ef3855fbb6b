"""Disks and folders that do not do what a fetch needs."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.adapters.hub_weights import HubWeights
from orchestrator.adapters.partial_file import PartialFile
from orchestrator.app.weights import Progress
from tests.adapters.hub.runs import FILE, REPO, fetch, refusal
from tests.adapters.hub_stand_in import HubStandIn
from tests.adapters.model_samples import gguf_profile


def test_a_disk_without_room_is_found_before_the_first_byte(
    stand_in: HubStandIn, new_source: Callable[..., HubWeights], body: bytes
) -> None:
    stand_in.commit(REPO, {FILE: body})
    refused = refusal(new_source(free=len(body) - 1))
    assert f"{len(body):,} bytes to fetch, {len(body) - 1:,} bytes free" in refused.message
    assert stand_in.asked("/cdn/") == []
    fetch(new_source(free=len(body)))


def test_bytes_that_are_here_already_need_no_room(
    stand_in: HubStandIn, new_source: Callable[..., HubWeights], body: bytes
) -> None:
    stand_in.commit(REPO, {FILE: body})
    stand_in.fault("/cdn/", cut_after=300_000)
    stand_in.fault("/cdn/", status=503, times=10)
    refusal(new_source())
    stand_in.faults.clear()
    fetch(new_source(free=len(body) - 300_000))


def test_a_cache_that_cannot_be_written_is_an_answer_and_not_a_traceback(
    stand_in: HubStandIn, source: HubWeights, body: bytes
) -> None:
    stand_in.commit(REPO, {FILE: body})
    source.root.write_text("a file where the folder should be")
    assert "Not a directory" in refusal(source).message


def test_a_disk_that_fills_up_on_the_way_is_said_and_the_bytes_stay(
    stand_in: HubStandIn,
    new_source: Callable[..., HubWeights],
    body: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stand_in.commit(REPO, {FILE: body})
    write = PartialFile.write

    def write_until_full(into: PartialFile, chunk: bytes) -> None:
        if into.bytes > 200_000:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(into, chunk)

    with monkeypatch.context() as patch:
        patch.setattr(PartialFile, "write", write_until_full)
        assert "No space left on device" in refusal(new_source()).message
    stand_in.requests.clear()
    fetch(new_source())
    assert stand_in.asked("/cdn/")[0].range != "bytes=0-"


def test_a_disk_without_links_is_served_too(
    stand_in: HubStandIn,
    new_source: Callable[..., HubWeights],
    body: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_links(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "symlink_to", no_links)
    stand_in.commit(REPO, {FILE: body})
    path = fetch(new_source()).path
    assert not path.is_symlink()
    stand_in.stop()
    assert fetch(new_source()).path == path
    path.write_bytes(body[:-1])
    refusal(new_source())


def test_two_at_once_do_not_write_the_same_file(
    stand_in: HubStandIn, new_source: Callable[..., HubWeights], body: bytes
) -> None:
    stand_in.commit(REPO, {FILE: body})
    refusals = []

    def second(_: Progress) -> None:
        if not refusals:
            refusals.append(refusal(new_source()))

    assert new_source().fetch(gguf_profile(), second)
    assert "another qorch is fetching it" in refusals[0].message
