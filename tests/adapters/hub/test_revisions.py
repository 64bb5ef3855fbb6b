"""A branch is resolved to a commit once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import huggingface_hub

from orchestrator.adapters.hub_weights import HubWeights
from tests.adapters.hub.runs import FILE, REPO, fetch, refusal
from tests.adapters.hub_stand_in import HubStandIn
from tests.adapters.model_samples import gguf_bytes, gguf_profile


def test_a_branch_is_resolved_once_and_its_commit_is_used_from_then_on(
    stand_in: HubStandIn, new_source: Callable[..., HubWeights], body: bytes, tmp_path: Path
) -> None:
    first = stand_in.commit(REPO, {FILE: body, "Sample-Q4_0.gguf": body})
    fetch(new_source())
    stand_in.commit(REPO, {FILE: gguf_bytes(tmp_path), "Sample-Q4_0.gguf": gguf_bytes(tmp_path)})
    assert fetch(new_source()).revision == first
    assert fetch(new_source(), gguf_profile(file="Sample-Q4_0.gguf")).revision == first
    note = tmp_path / "notes" / "unsloth--Sample-GGUF" / "main.commit"
    assert note.read_text().strip() == first


def test_a_fetch_that_was_cut_goes_on_with_the_commit_it_began(
    stand_in: HubStandIn, new_source: Callable[..., HubWeights], body: bytes, tmp_path: Path
) -> None:
    first = stand_in.commit(REPO, {FILE: body})
    stand_in.fault("/cdn/", status=503, times=10)
    refusal(new_source())
    stand_in.faults.clear()
    stand_in.commit(REPO, {FILE: gguf_bytes(tmp_path)})
    stand_in.requests.clear()
    assert fetch(new_source()).revision == first
    assert stand_in.asked("/api/") == []


def test_a_profile_may_name_a_commit(stand_in: HubStandIn, source: HubWeights, body: bytes, tmp_path: Path) -> None:
    first = stand_in.commit(REPO, {FILE: body})
    stand_in.commit(REPO, {FILE: gguf_bytes(tmp_path)})
    assert fetch(source, gguf_profile(revision=first)).path.read_bytes() == body


def test_a_commit_that_the_hub_removed_is_said_with_the_way_to_a_newer_one(
    stand_in: HubStandIn, new_source: Callable[..., HubWeights], body: bytes, tmp_path: Path
) -> None:
    stand_in.commit(REPO, {FILE: body})
    note = tmp_path / "notes" / "unsloth--Sample-GGUF" / "main.commit"
    note.parent.mkdir(parents=True)
    note.write_text("0" * 40)
    refused = refusal(new_source())
    assert "no such revision" in refused.message
    assert refused.hint is not None
    assert refused.hint.startswith(f"rm {note}")


def test_a_commit_in_the_cache_of_other_tools_serves_a_profile_that_the_pinned_one_lacks(
    stand_in: HubStandIn, new_source: Callable[..., HubWeights], body: bytes, tmp_path: Path
) -> None:
    first = stand_in.commit(REPO, {FILE: body})
    fetch(new_source())
    second = stand_in.commit(REPO, {FILE: body, "New.gguf": body})
    root = tmp_path / "hub"
    for name in (FILE, "New.gguf"):
        huggingface_hub.hf_hub_download(REPO, name, cache_dir=root, endpoint=stand_in.endpoint)
    assert fetch(new_source(), gguf_profile(file="New.gguf")).revision == second
    assert fetch(new_source()).revision == first


def test_a_commit_found_in_the_cache_is_pinned_too(
    stand_in: HubStandIn, new_source: Callable[..., HubWeights], body: bytes, tmp_path: Path
) -> None:
    first = stand_in.commit(REPO, {FILE: body})
    root = tmp_path / "hub"
    huggingface_hub.hf_hub_download(REPO, FILE, cache_dir=root, endpoint=stand_in.endpoint)
    fetch(new_source())
    stand_in.commit(REPO, {FILE: gguf_bytes(tmp_path)})
    huggingface_hub.hf_hub_download(REPO, FILE, cache_dir=root, endpoint=stand_in.endpoint)
    assert fetch(new_source()).revision == first
