"""Nothing is used whose digest is not the hub's."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import huggingface_hub
import pytest

from orchestrator.adapters.hub_weights import HubWeights
from orchestrator.app.weights import Progress
from tests.adapters.hub.runs import FILE, REPO, fetch, refusal
from tests.adapters.hub_stand_in import HubStandIn, git_blob_id
from tests.adapters.model_samples import gguf_profile, safetensors_model, safetensors_profile


def test_a_file_that_arrives_corrupt_is_put_aside_and_fetched_once_more(
    stand_in: HubStandIn, source: HubWeights, body: bytes
) -> None:
    stand_in.commit(REPO, {FILE: body})
    stand_in.fault("/cdn/", flip=True)
    weights = fetch(source)
    assert weights.path.read_bytes() == body
    (aside,) = source.root.rglob("*.quarantined")
    assert str(aside) in " ".join(weights.notices)


def test_a_file_that_arrives_corrupt_twice_is_never_put_into_the_cache(
    stand_in: HubStandIn, source: HubWeights, body: bytes
) -> None:
    stand_in.commit(REPO, {FILE: body})
    stand_in.fault("/cdn/", flip=True, times=2)
    assert "arrived corrupt 2 times" in refusal(source).message
    assert not source.holds(gguf_profile()).on_disk
    assert len(stand_in.asked("/cdn/")) == 2


@pytest.mark.parametrize("damage", [lambda body: body[:-100], lambda body: body[:-1] + b"X"])
def test_a_cached_file_that_was_damaged_is_put_aside_and_fetched_again(
    stand_in: HubStandIn,
    new_source: Callable[..., HubWeights],
    body: bytes,
    damage: Callable[[bytes], bytes],
) -> None:
    stand_in.commit(REPO, {FILE: body})
    path = fetch(new_source()).path
    path.write_bytes(damage(body))
    weights = fetch(new_source())
    assert weights.path.read_bytes() == body
    assert len(stand_in.asked("/cdn/")) == 2


def test_a_damaged_file_is_not_loaded_when_the_hub_is_down(
    stand_in: HubStandIn, new_source: Callable[..., HubWeights], body: bytes
) -> None:
    stand_in.commit(REPO, {FILE: body})
    path = fetch(new_source()).path
    path.write_bytes(body[:-100])
    stand_in.stop()
    refused = refusal(new_source())
    assert "put aside" in refused.message
    assert "cannot be reached" in refused.message
    assert not path.is_symlink()


def test_a_damaged_config_is_found_by_its_git_blob_id(
    stand_in: HubStandIn, new_source: Callable[..., HubWeights]
) -> None:
    stand_in.commit("Qwen/Sample", safetensors_model())
    config = fetch(new_source(), safetensors_profile()).path / "config.json"
    config.write_bytes(b'{"auto_map": {"AutoModel": "evil.Model"}}')
    fetch(new_source(), safetensors_profile())
    assert git_blob_id(config.read_bytes()) == git_blob_id(safetensors_model()["config.json"])


def test_a_file_is_hashed_once_and_again_only_when_it_changed(
    stand_in: HubStandIn, new_source: Callable[..., HubWeights], body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in.commit(REPO, {FILE: body})
    path = huggingface_hub.hf_hub_download(REPO, FILE, cache_dir=new_source().root, endpoint=stand_in.endpoint)

    def hashed() -> int:
        steps: list[Progress] = []
        assert new_source().fetch(gguf_profile(), steps.append)
        return len([step for step in steps if step.step == "check"])

    assert hashed() > 0
    assert hashed() == 0
    os.utime(path, (1, 1))
    assert hashed() > 0
    Path(path).write_bytes(body[:-1])
    os.utime(path, (1, 1))
    assert hashed() > 0
    assert Path(path).read_bytes() == body


def test_a_file_whose_digest_is_right_but_whose_header_is_not_is_refused(
    stand_in: HubStandIn, source: HubWeights
) -> None:
    stand_in.commit(REPO, {FILE: b"GGUF" + bytes(1000)})
    assert "not a sound GGUF file" in refusal(source).message
