"""Downloads that are cut go on where they were cut."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.adapters.hub_weights import HubWeights
from orchestrator.app.weights import Progress
from tests.adapters.hub.runs import FILE, REPO, fetch, refusal
from tests.adapters.hub_stand_in import HubStandIn, sha256
from tests.adapters.model_samples import gguf_bytes, gguf_profile


def test_a_cut_connection_is_resumed_where_it_was_cut(stand_in: HubStandIn, source: HubWeights, body: bytes) -> None:
    stand_in.commit(REPO, {FILE: body})
    stand_in.fault("/cdn/", cut_after=200_000)
    assert fetch(source).path.read_bytes() == body
    assert [request.range for request in stand_in.asked("/cdn/")] == ["bytes=0-", "bytes=200000-"]


def test_a_later_run_resumes_what_an_earlier_one_had_to_leave(
    stand_in: HubStandIn, new_source: Callable[..., HubWeights], body: bytes
) -> None:
    stand_in.commit(REPO, {FILE: body})
    stand_in.fault("/cdn/", cut_after=300_000)
    stand_in.fault("/cdn/", status=503, times=10)
    assert "503" in refusal(new_source()).message
    stand_in.faults.clear()
    stand_in.requests.clear()
    steps: list[Progress] = []
    assert new_source().fetch(gguf_profile(), steps.append)
    assert [request.range for request in stand_in.asked("/cdn/")] == ["bytes=300000-"]
    assert steps[0].done_bytes > 300_000


def test_a_killed_run_leaves_its_bytes_for_the_next(
    stand_in: HubStandIn, new_source: Callable[..., HubWeights], body: bytes
) -> None:
    stand_in.commit(REPO, {FILE: body})

    def interrupt(progress: Progress) -> None:
        if progress.done_bytes > 100_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        new_source().fetch(gguf_profile(), interrupt)
    stand_in.requests.clear()
    assert fetch(new_source()).path.read_bytes() == body
    (request,) = stand_in.asked("/cdn/")
    assert int(str(request.range).removeprefix("bytes=").rstrip("-")) > 100_000


def test_a_server_that_ignores_ranges_begins_again(stand_in: HubStandIn, source: HubWeights, body: bytes) -> None:
    stand_in.commit(REPO, {FILE: body})
    stand_in.fault("/cdn/", cut_after=200_000)
    stand_in.fault("/cdn/", ignore_range=True)
    assert fetch(source).path.read_bytes() == body
    assert list(source.root.rglob("*.quarantined")) == []
    assert len(stand_in.asked("/cdn/")) == 2


def test_a_server_that_ends_early_without_a_word_is_not_asked_for_ever(
    stand_in: HubStandIn, source: HubWeights, body: bytes
) -> None:
    stand_in.commit(REPO, {FILE: body})
    stand_in.fault("/cdn/", no_length=True, cut_after=200_000)
    stand_in.fault("/cdn/", no_length=True, cut_after=0, times=100)
    assert "it ended after 200,000 of" in refusal(source).message
    assert len(stand_in.asked("/cdn/")) == 5


def test_only_what_is_missing_is_fetched(
    stand_in: HubStandIn, new_source: Callable[..., HubWeights], body: bytes, tmp_path: Path
) -> None:
    names = ("Sample-00001-of-00002.gguf", "Sample-00002-of-00002.gguf")
    second = gguf_bytes(tmp_path, weights=64)
    commit = stand_in.commit(REPO, dict(zip(names, (body, second), strict=True)))
    weights = fetch(new_source(), gguf_profile(file=names[0]))
    (weights.path.parent / names[1]).unlink()
    (tmp_path / "hub" / "models--unsloth--Sample-GGUF" / "blobs" / sha256(second)).unlink()
    stand_in.requests.clear()
    fetch(new_source(), gguf_profile(file=names[0]))
    assert [request.path for request in stand_in.asked("/resolve/")] == [f"/{REPO}/resolve/{commit}/{names[1]}"]
