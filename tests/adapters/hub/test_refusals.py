"""Code and pickles are refused, and files that are not there are named."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestrator.adapters.hub_weights import HubWeights
from tests.adapters.hub.runs import FILE, REPO, fetch, refusal
from tests.adapters.hub_stand_in import HubStandIn
from tests.adapters.model_samples import safetensors_model, safetensors_profile


def test_a_repository_of_pickles_is_refused_before_anything_is_fetched(
    stand_in: HubStandIn, source: HubWeights
) -> None:
    stand_in.commit("Qwen/Sample", {"config.json": b"{}", "pytorch_model.bin": b"\x80\x04"})
    assert "pytorch_model.bin: pickles run code" in refusal(source, safetensors_profile()).message
    assert stand_in.asked("/resolve/") == []


def test_pickles_beside_safetensors_stay_on_the_hub(stand_in: HubStandIn, source: HubWeights) -> None:
    stand_in.commit("Qwen/Sample", safetensors_model() | {"pytorch_model.bin": b"\x80\x04"})
    fetch(source, safetensors_profile())
    assert stand_in.asked("pytorch_model.bin") == []


def test_a_pickle_that_another_tool_put_beside_the_weights_is_refused(
    stand_in: HubStandIn, new_source: Callable[..., HubWeights]
) -> None:
    stand_in.commit("Qwen/Sample", safetensors_model())
    folder = fetch(new_source(), safetensors_profile()).path
    (folder / "training_args.bin").write_bytes(b"\x80\x04")
    assert "training_args.bin" in refusal(new_source(), safetensors_profile()).message


@pytest.mark.parametrize(
    "files",
    [
        {"config": b'{"auto_map": {"AutoModel": "modeling.Model"}}'},
        {"config": b'{"vision_config": {"auto_map": {"AutoConfig": "a.B"}}}'},
        {"tokenizer_config": b'{"x": [{"auto_map": {}}]}'},
    ],
)
def test_a_model_that_brings_code_is_refused_before_its_weights_are_fetched(
    stand_in: HubStandIn, source: HubWeights, files: dict[str, bytes]
) -> None:
    stand_in.commit("Qwen/Sample", safetensors_model(**files))
    assert "auto_map names Python code" in refusal(source, safetensors_profile()).message
    assert stand_in.asked("/cdn/") == []


def test_a_file_that_the_repository_does_not_have_is_named(
    stand_in: HubStandIn, source: HubWeights, body: bytes
) -> None:
    stand_in.commit(REPO, {"Other.gguf": body})
    assert f"{FILE} is not among the 1 files of {REPO}" in refusal(source).message
