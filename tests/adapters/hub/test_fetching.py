"""What is fetched, and where it goes."""

from __future__ import annotations

from pathlib import Path

import huggingface_hub

from orchestrator.adapters.hub_weights import HubWeights
from orchestrator.app.weights import Progress
from tests.adapters.hub.runs import FILE, REPO, fetch, refusal
from tests.adapters.hub_stand_in import HubStandIn
from tests.adapters.model_samples import gguf_bytes, gguf_profile, safetensors_model, safetensors_profile


def test_a_file_is_fetched_with_its_bytes_shown(stand_in: HubStandIn, source: HubWeights, body: bytes) -> None:
    commit = stand_in.commit(REPO, {FILE: body})
    steps: list[Progress] = []
    weights = source.fetch(gguf_profile(), steps.append)
    assert weights is not None
    assert weights.path.read_bytes() == body
    assert (weights.revision, weights.bytes) == (commit, len(body))
    assert {step.step for step in steps} == {"fetch"}
    assert [step.done_bytes for step in steps] == sorted(step.done_bytes for step in steps)
    assert len(steps) > 3
    assert steps[-1] == Progress(FILE, len(body), len(body), "fetch")


def test_what_was_fetched_is_where_the_hub_library_looks_for_it(
    stand_in: HubStandIn, source: HubWeights, body: bytes
) -> None:
    stand_in.commit(REPO, {FILE: body, "config.json": b"{}"})
    weights = fetch(source)
    found = huggingface_hub.hf_hub_download(REPO, FILE, cache_dir=source.root, local_files_only=True)
    assert found == str(weights.path)


def test_what_the_hub_library_fetched_is_used_without_the_network(
    stand_in: HubStandIn, source: HubWeights, body: bytes
) -> None:
    stand_in.commit(REPO, {FILE: body})
    path = huggingface_hub.hf_hub_download(REPO, FILE, cache_dir=source.root, endpoint=stand_in.endpoint)
    stand_in.requests.clear()
    assert source.holds(gguf_profile()).on_disk
    assert str(fetch(source).path) == path
    assert stand_in.requests == []


def test_safetensors_come_without_the_files_that_no_engine_reads(stand_in: HubStandIn, source: HubWeights) -> None:
    stand_in.commit("Qwen/Sample", safetensors_model())
    weights = fetch(source, safetensors_profile())
    present = {path.name for path in weights.path.iterdir()}
    assert present == set(safetensors_model()) - {"README.md"}
    assert weights.notices == ()


def test_safetensors_that_the_hub_library_fetched_are_used_without_the_network(
    stand_in: HubStandIn, source: HubWeights
) -> None:
    stand_in.commit("Qwen/Sample", safetensors_model())
    for name in safetensors_model():
        huggingface_hub.hf_hub_download("Qwen/Sample", name, cache_dir=source.root, endpoint=stand_in.endpoint)
    stand_in.requests.clear()
    fetch(source, safetensors_profile())
    assert stand_in.requests == []


def test_every_shard_of_a_split_file_is_fetched(
    stand_in: HubStandIn, source: HubWeights, body: bytes, tmp_path: Path
) -> None:
    other = gguf_bytes(tmp_path, weights=64)
    names = [f"UD/Sample-0000{n}-of-00003.gguf" for n in (1, 2, 3)]
    stand_in.commit(REPO, {names[0]: body, names[1]: other, names[2]: other, "UD/Other.gguf": body})
    weights = fetch(source, gguf_profile(file=names[0]))
    assert weights.path.name == "Sample-00001-of-00003.gguf"
    assert sorted(path.name for path in weights.path.parent.iterdir()) == [Path(name).name for name in names]


def test_progress_goes_over_all_files_of_a_profile(stand_in: HubStandIn, source: HubWeights, body: bytes) -> None:
    names = ("S-00001-of-00002.gguf", "S-00002-of-00002.gguf")
    stand_in.commit(REPO, {names[0]: body, names[1]: body + bytes(32)})
    steps: list[Progress] = []
    source.fetch(gguf_profile(file=names[0]), steps.append)
    total = 2 * len(body) + 32
    assert steps[-1] == Progress(names[1], total, total, "fetch")
    assert [step.done_bytes for step in steps] == sorted(step.done_bytes for step in steps)


def test_a_repository_that_lacks_a_shard_is_refused(stand_in: HubStandIn, source: HubWeights, body: bytes) -> None:
    stand_in.commit(REPO, {"S-00001-of-00002.gguf": body})
    refused = refusal(source, gguf_profile(file="S-00001-of-00002.gguf"))
    assert "S-00002-of-00002.gguf is not among the 1 files" in refused.message


def test_projectors_of_the_same_name_stay_apart(stand_in: HubStandIn, source: HubWeights, tmp_path: Path) -> None:
    model = gguf_bytes(tmp_path)
    projectors = [gguf_bytes(tmp_path, "clip", weights=64), gguf_bytes(tmp_path, "clip", weights=96)]
    for repo, projector in zip(("a/A-GGUF", "b/B-GGUF"), projectors, strict=True):
        stand_in.commit(repo, {FILE: model, "mmproj-F16.gguf": projector})
        weights = fetch(source, gguf_profile(repo, mmproj_file="mmproj-F16.gguf"))
        assert weights.mmproj_path is not None
        assert weights.mmproj_path.read_bytes() == projector
