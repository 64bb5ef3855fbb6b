"""The hub as a source of weights: the real huggingface_hub against a stand-in on loopback."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import huggingface_hub
import pytest

from orchestrator.adapters import hub as hub_module
from orchestrator.adapters.hub import Hub
from orchestrator.adapters.hub_cache import hub_cache_folder
from orchestrator.adapters.hub_weights import HubWeights
from orchestrator.adapters.partial_file import PartialFile
from orchestrator.app.weights import Progress, ResolvedWeights
from orchestrator.core.errors import EnvironmentNotReady, ExitCode, SettingsError
from orchestrator.core.profile import ModelStatus, Profile
from tests.adapters.hub_stand_in import HubStandIn, git_blob_id, sha256
from tests.adapters.model_samples import gguf_bytes, gguf_profile, safetensors_model, safetensors_profile

REPO, FILE = "unsloth/Sample-GGUF", "Sample-Q8_0.gguf"


@pytest.fixture
def stand_in() -> Iterator[HubStandIn]:
    with HubStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def body(tmp_path: Path) -> bytes:
    """A GGUF file of half a megabyte, so that it arrives in several pieces."""
    return gguf_bytes(tmp_path, weights=131_072)


@pytest.fixture
def new_source(stand_in: HubStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., HubWeights]:
    """Makes the source as a fresh run of qorch would have it; it never really sleeps."""
    monkeypatch.setenv("HF_TOKEN_PATH", str(tmp_path / "no-token"))
    monkeypatch.delenv("HF_TOKEN", raising=False)

    def make(endpoint: str = stand_in.endpoint, free: int = 1 << 40, offline: bool = False) -> HubWeights:
        hub = Hub(endpoint, offline=offline, sleep=lambda _: None)
        return HubWeights(hub, tmp_path / "hub", tmp_path / "notes", lambda _: free)

    return make


@pytest.fixture
def source(new_source: Callable[..., HubWeights]) -> HubWeights:
    return new_source()


def fetch(source: HubWeights, profile: Profile | None = None) -> ResolvedWeights:
    weights = source.fetch(profile or gguf_profile(), lambda _: None)
    assert weights is not None
    return weights


def refusal(source: HubWeights, profile: Profile | None = None) -> EnvironmentNotReady:
    with pytest.raises(EnvironmentNotReady) as caught:
        fetch(source, profile)
    assert caught.value.exit_code == ExitCode.ENVIRONMENT_NOT_READY
    return caught.value


# fetching


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


# cuts and resumption


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


# revisions


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


# digests


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


# what is refused


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


# room, locks, folders


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


# the hub that does not answer


def test_a_hub_that_is_down_does_not_matter_when_the_files_are_here(
    stand_in: HubStandIn, new_source: Callable[..., HubWeights], body: bytes
) -> None:
    stand_in.commit(REPO, {FILE: body})
    before = fetch(new_source())
    stand_in.stop()
    source = new_source()
    assert source.holds(gguf_profile()).on_disk
    assert fetch(source) == before


def test_a_hub_that_is_down_is_named_with_the_ways_on(stand_in: HubStandIn, source: HubWeights, body: bytes) -> None:
    stand_in.stop()
    answer = source.holds(gguf_profile())
    assert (answer.obtainable, answer.on_disk) == (False, False)
    refused = refusal(source)
    assert f"{FILE} is not in {source.root}" in refused.message
    assert f"127.0.0.1:{stand_in.port} cannot be reached" in refused.message
    assert refused.hint is not None
    for way in ("qorch pull sample-gguf", "--weights", "HF_ENDPOINT"):
        assert way in refused.hint


def test_whether_the_hub_answers_is_asked_once_for_all_profiles_and_only_when_needed(
    stand_in: HubStandIn, new_source: Callable[..., HubWeights], body: bytes
) -> None:
    stand_in.commit(REPO, {FILE: body})
    fetch(new_source())
    source = new_source()
    stand_in.requests.clear()
    assert source.holds(gguf_profile()).on_disk
    assert stand_in.requests == []
    for n in range(5):
        assert source.holds(gguf_profile(file=f"Other-{n}.gguf")).obtainable
    assert [(request.method, request.path) for request in stand_in.requests] == [("HEAD", "/")]


def test_a_hub_that_never_answers_costs_no_more_than_the_probe_timeout(
    new_source: Callable[..., HubWeights], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_module, "PROBE_TIMEOUT_S", 0.2)
    monkeypatch.setattr(Hub, "_probe", lambda self: time.sleep(5))
    started = time.monotonic()
    answer = new_source().holds(gguf_profile())
    assert time.monotonic() - started < 2
    assert "did not answer within 0.2 s" in answer.reason


def test_offline_mode_is_respected(stand_in: HubStandIn, new_source: Callable[..., HubWeights], body: bytes) -> None:
    stand_in.commit(REPO, {FILE: body})
    source = new_source(offline=True)
    assert not source.holds(gguf_profile()).obtainable
    assert "HF_HUB_OFFLINE" in refusal(source).message
    assert stand_in.requests == []


@pytest.mark.parametrize("status", [429, 503])
def test_a_hub_that_turns_everyone_away_is_not_waited_for(
    stand_in: HubStandIn, source: HubWeights, status: int
) -> None:
    stand_in.fault("/", status=status, times=100)
    assert f"answers {status}" in source.holds(gguf_profile()).reason


def test_too_many_requests_for_a_moment_are_waited_out(
    stand_in: HubStandIn, new_source: Callable[..., HubWeights], body: bytes
) -> None:
    stand_in.commit(REPO, {FILE: body})
    stand_in.fault("/resolve/", status=429, times=2, headers={"Retry-After": "7"})
    waits: list[float] = []
    source = new_source()
    source.hub._sleep = waits.append
    assert fetch(source).path.read_bytes() == body
    assert waits == [7, 7]


def test_too_many_requests_for_long_are_reported(stand_in: HubStandIn, source: HubWeights, body: bytes) -> None:
    stand_in.commit(REPO, {FILE: body})
    stand_in.fault("/resolve/", status=429, times=2, headers={"Retry-After": "3600"})
    assert "answered 429" in refusal(source).message
    stand_in.fault("/api/", status=429, times=100)
    assert "too many requests" in refusal(source, gguf_profile(repo="other/Repo")).message


def test_a_gated_repository_says_how_to_ask_for_access(
    stand_in: HubStandIn,
    new_source: Callable[..., HubWeights],
    body: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stand_in.commit(REPO, {FILE: body})
    stand_in.gated.add(REPO)
    for token in (None, "hf_bad"):
        if token:
            monkeypatch.setenv("HF_TOKEN", token)
        refused = refusal(new_source())
        assert "is gated" in refused.message
        assert refused.hint == f"ask for access at 127.0.0.1:{stand_in.port}/{REPO}, then: export HF_TOKEN=hf_…"
    monkeypatch.setenv("HF_TOKEN", stand_in.token)
    fetch(new_source())


def test_the_token_does_not_leave_the_hub_for_the_cdn(
    stand_in: HubStandIn, source: HubWeights, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", stand_in.token)
    stand_in.commit(REPO, {FILE: body})
    fetch(source)
    assert {request.authorization for request in stand_in.asked("/resolve/")} == {"Bearer hf_good"}
    assert {request.authorization for request in stand_in.asked("/cdn/")} == {None}


def test_a_repository_that_does_not_exist_is_said_so(source: HubWeights) -> None:
    assert "no such repository" in refusal(source).message


def test_a_captive_portal_is_not_taken_for_a_hub(stand_in: HubStandIn, source: HubWeights) -> None:
    stand_in.fault("/api/", status=200)
    assert "did not answer for unsloth/Sample-GGUF at main as a hub does" in refusal(source).message


@pytest.mark.parametrize("endpoint", ["huggingface.co", "ftp://hub", "http://[bad", "http://host:port"])
def test_an_endpoint_that_is_no_url_is_a_settings_error(endpoint: str) -> None:
    with pytest.raises(SettingsError, match="HF_ENDPOINT"):
        Hub(endpoint)


# settings


def test_models_that_are_not_on_the_hub_are_not_asked_for(stand_in: HubStandIn, source: HubWeights) -> None:
    for status in (ModelStatus.ARTICLE, ModelStatus.STAND_IN):
        profile = gguf_profile(status=status)
        assert not source.holds(profile).obtainable
        assert source.fetch(profile, lambda _: None) is None
    assert stand_in.requests == []


def test_the_hubs_own_variables_say_where_cache_and_hub_are() -> None:
    assert hub_cache_folder({"HF_HUB_CACHE": "/c"}) == Path("/c")
    assert hub_cache_folder({"HF_HOME": "/h"}) == Path("/h/hub")
    assert hub_cache_folder({"XDG_CACHE_HOME": "/x"}) == Path("/x/huggingface/hub")
    assert hub_cache_folder({}) == Path.home() / ".cache/huggingface/hub"
    assert Hub.from_environment({"HF_ENDPOINT": "https://mirror.example/"}).endpoint == "https://mirror.example"
    assert Hub.from_environment({"HF_HUB_OFFLINE": "1"}).trouble == "HF_HUB_OFFLINE forbids asking huggingface.co"


def test_the_library_is_not_imported_while_everything_is_on_disk(
    stand_in: HubStandIn, source: HubWeights, body: bytes
) -> None:
    stand_in.commit(REPO, {FILE: body})
    fetch(source)
    program = f"""
import sys
from pathlib import Path
from orchestrator.adapters.hub import Hub
from orchestrator.adapters.hub_weights import HubWeights
from orchestrator.adapters.partial_file import PartialFile
from tests.adapters.model_samples import gguf_profile
source = HubWeights(Hub({stand_in.endpoint!r}), Path({str(source.root)!r}), Path({str(source.notes)!r}))
assert source.fetch(gguf_profile(), print).path.is_file()
assert "huggingface_hub" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_library_does_not_call_home_about_who_uses_it(
    stand_in: HubStandIn, source: HubWeights, body: bytes, tmp_path: Path
) -> None:
    stand_in.commit(REPO, {FILE: body})
    program = """
import os
from pathlib import Path
from orchestrator.adapters.hub import Hub
from orchestrator.adapters.hub_cache import hub_cache_folder
from orchestrator.adapters.hub_weights import HubWeights
from tests.adapters.model_samples import gguf_profile
source = HubWeights(Hub.from_environment(os.environ), hub_cache_folder(os.environ), Path("notes").resolve())
assert source.fetch(gguf_profile(), lambda progress: None).path.is_file()
"""
    paths = {"HF_HOME": str(tmp_path / "home"), "HF_ENDPOINT": stand_in.endpoint, "PYTHONPATH": os.getcwd()}
    subprocess.run([sys.executable, "-c", program], check=True, env=os.environ | paths, cwd=tmp_path)
    assert (tmp_path / "home" / "hub" / "models--unsloth--Sample-GGUF").is_dir()
    asked = {request.path.split("/")[1] for request in stand_in.requests}
    assert asked == {"", "api", "unsloth", "cdn"}
    assert [request.path for request in stand_in.asked("/api/")] == [f"/api/models/{REPO}/revision/main"]
