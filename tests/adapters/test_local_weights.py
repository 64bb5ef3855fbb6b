"""Weights that the user has: `--weights PATH` and QORCH_WEIGHTS_DIR."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.adapters.demo_model import make_demo_gguf
from orchestrator.adapters.gguf_header import GgufError
from orchestrator.adapters.local_weights import GivenWeights, WeightsFolder
from orchestrator.adapters.model_files import UnsafeModel
from orchestrator.adapters.profile_files import load_profiles, shipped_profiles_dir
from orchestrator.adapters.safetensors_header import SafetensorsError
from orchestrator.app.weights import Progress, ResolvedWeights
from orchestrator.core.errors import EnvironmentNotReady, UsageError
from orchestrator.core.profile import Experts, Profile
from tests.adapters.model_samples import (
    SHAPE,
    config_bytes,
    gguf_bytes,
    gguf_profile,
    safetensors_bytes,
    safetensors_model,
    safetensors_profile,
)

FILE = "Sample-Q8_0.gguf"


def silent(_: Progress) -> None: ...


def given(path: Path, profile: Profile | None = None) -> ResolvedWeights:
    return GivenWeights(path).fetch(profile or gguf_profile(), silent)


def put(path: Path, body: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    return path


def put_all(folder: Path, files: dict[str, bytes]) -> Path:
    for name, body in files.items():
        put(folder / name, body)
    return folder


def test_a_file_may_have_any_name(tmp_path: Path) -> None:
    path = put(tmp_path / "mine.gguf", gguf_bytes(tmp_path))
    weights = given(path)
    assert (weights.path, weights.revision, weights.bytes) == (path, None, path.stat().st_size)
    assert GivenWeights(path).holds(gguf_profile()).on_disk


def test_the_demo_model_passes_as_the_model_of_its_profile(tmp_path: Path) -> None:
    (profile,) = (profile for profile in load_profiles(shipped_profiles_dir()) if profile.name == "demo-gguf")
    path = make_demo_gguf(tmp_path)
    assert given(path, profile).path == path
    with pytest.raises(GgufError, match="another model than Sample"):
        given(path)


@pytest.mark.parametrize("place", [FILE, f"Sample-GGUF/{FILE}"])
@pytest.mark.parametrize("kind", [GivenWeights, WeightsFolder])
def test_a_folder_is_searched_for_the_file_and_for_the_repository(
    tmp_path: Path, place: str, kind: Callable[[Path], GivenWeights | WeightsFolder]
) -> None:
    path = put(tmp_path / "models" / place, gguf_bytes(tmp_path))
    source = kind(tmp_path / "models")
    weights = source.fetch(gguf_profile(), silent)
    assert weights is not None
    assert weights.path == path
    assert source.holds(gguf_profile()).on_disk


def test_shards_in_a_folder_of_their_own_are_found_flat_too(tmp_path: Path) -> None:
    profile = gguf_profile(file="UD/S-00001-of-00002.gguf")
    for n in (1, 2):
        put(tmp_path / "models" / f"S-0000{n}-of-00002.gguf", gguf_bytes(tmp_path))
    assert given(tmp_path / "models", profile).path.name == "S-00001-of-00002.gguf"
    (tmp_path / "models" / "S-00002-of-00002.gguf").unlink()
    with pytest.raises(GgufError, match=r"S-00002-of-00002\.gguf: cannot be read: No such file"):
        given(tmp_path / "models", profile)


def test_a_name_that_counts_no_shards_is_one_file(tmp_path: Path) -> None:
    given(put(tmp_path / "S-00001-of-00000.gguf", gguf_bytes(tmp_path)))


def test_a_folder_without_the_file_leaves_the_profile_to_other_sources(tmp_path: Path) -> None:
    source = WeightsFolder(tmp_path)
    assert source.holds(gguf_profile()).reason == f"not in {tmp_path}"
    assert source.fetch(gguf_profile(), silent) is None
    assert source.fetch(safetensors_profile(), silent) is None


def test_a_path_that_does_not_hold_the_profile_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentNotReady, match=f"sample-gguf needs {FILE}"):
        given(tmp_path)
    with pytest.raises(UsageError, match="no such file"):
        given(tmp_path / "absent")
    assert not GivenWeights(tmp_path / "absent").holds(gguf_profile()).obtainable


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = put(tmp_path / FILE, gguf_bytes(tmp_path)[:-1])
    with pytest.raises(GgufError, match="truncated"):
        given(path)
    answer = WeightsFolder(tmp_path).holds(gguf_profile())
    assert not answer.obtainable
    assert "truncated" in answer.reason


def test_another_size_than_the_catalogues_is_said_and_accepted(tmp_path: Path) -> None:
    path = put(tmp_path / FILE, body := gguf_bytes(tmp_path))
    assert given(path, gguf_profile(size=len(body))).notices == ()
    (notice,) = given(path, gguf_profile(size=9_999_999)).notices
    assert notice == f"the weights are {len(body):,} bytes, the catalogue says 9,999,999: another upload"


@pytest.mark.parametrize(
    ("architecture", "layers", "hidden", "words"),
    [
        ("llama", 24, 1024, "weights for another architecture: 'llama'"),
        ("qwen35moe", 24, 1024, "another model than Sample: architecture 'qwen35moe'"),
        ("qwen35", 32, 1024, "32 layers, expected 24"),
        ("qwen35", 24, 2048, "hidden size 2048, expected 1024"),
    ],
)
def test_weights_of_another_model_are_refused(
    tmp_path: Path, architecture: str, layers: int, hidden: int, words: str
) -> None:
    path = put(tmp_path / FILE, gguf_bytes(tmp_path, architecture, layers, hidden))
    with pytest.raises(GgufError, match=words):
        given(path)


def test_layers_of_multi_token_prediction_may_be_counted(tmp_path: Path) -> None:
    given(put(tmp_path / FILE, gguf_bytes(tmp_path, layers=25)))


def test_a_mixture_of_experts_has_an_architecture_of_its_own(tmp_path: Path) -> None:
    profile = gguf_profile()
    experts = dataclasses.replace(SHAPE, experts=Experts(256, 8, 512, 512))
    profile = dataclasses.replace(profile, model=dataclasses.replace(profile.model, architecture=experts))
    given(put(tmp_path / "moe.gguf", gguf_bytes(tmp_path, "qwen35moe")), profile)
    with pytest.raises(GgufError, match="architecture 'qwen35'"):
        given(put(tmp_path / "dense.gguf", gguf_bytes(tmp_path)), profile)


def test_the_projector_is_taken_from_beside_the_model_and_missed_aloud(tmp_path: Path) -> None:
    profile = gguf_profile(mmproj_file="mmproj-F16.gguf")
    path = put(tmp_path / "models" / FILE, gguf_bytes(tmp_path))
    assert "no mmproj-F16.gguf beside it: images are not understood" in given(path, profile).notices
    projector = put(tmp_path / "models" / "mmproj-F16.gguf", gguf_bytes(tmp_path, "clip"))
    assert given(path, profile).mmproj_path == projector
    put(projector, gguf_bytes(tmp_path))
    with pytest.raises(GgufError, match="expected a projector"):
        given(path, profile)


def test_a_folder_of_safetensors_is_taken_whole(tmp_path: Path) -> None:
    model = put_all(tmp_path / "models" / "Sample", safetensors_model())
    for path in (model, model.parent):
        weights = given(path, safetensors_profile())
        assert weights.path == model
        assert weights.bytes == sum(len(body) for body in safetensors_model().values()) - len(b"a card")
    assert WeightsFolder(model.parent).holds(safetensors_profile()).on_disk


@pytest.mark.parametrize(
    ("name", "body", "error", "words"),
    [
        ("model-00002-of-00002.safetensors", safetensors_bytes(7000)[:-1], SafetensorsError, "the file has"),
        ("model-00002-of-00002.safetensors", safetensors_bytes(7000) + b"x", SafetensorsError, "the file has"),
        ("model-00002-of-00002.safetensors", b"", SafetensorsError, "not a sound safetensors file"),
        ("model-00002-of-00002.safetensors", bytes(100), SafetensorsError, "not a sound safetensors file"),
        ("model-00002-of-00002.safetensors", struct.pack("<Q", 2) + b"[]", SafetensorsError, "not a table"),
        (
            "model-00002-of-00002.safetensors",
            struct.pack("<Q", 40) + b'{"w": {"data_offsets": [9, 1]}}'.ljust(40),
            SafetensorsError,
            "no data_offsets in order",
        ),
        ("model.safetensors.index.json", b"{", EnvironmentNotReady, "not JSON that can be read"),
        ("model.safetensors.index.json", b"[" * 100_000, EnvironmentNotReady, "not JSON that can be read"),
        (
            "model.safetensors.index.json",
            b'{"weight_map": {"a": "../x"}}',
            EnvironmentNotReady,
            "does not name",
        ),
        ("model.safetensors.index.json", b'{"weight_map": {"a": []}}', EnvironmentNotReady, "does not name"),
        ("model.safetensors.index.json", b'{"weight_map": {"a": "gone.safetensors"}}', SafetensorsError, "gone"),
        ("config.json", b'{"auto_map": {}}', UnsafeModel, "auto_map names Python code"),
        ("pytorch_model.BIN", b"\x80\x04", UnsafeModel, "pickles run code"),
    ],
)
def test_a_folder_that_is_not_sound_is_refused(
    tmp_path: Path, name: str, body: bytes, error: type[EnvironmentNotReady], words: str
) -> None:
    model = put_all(tmp_path / "Sample", safetensors_model() | {name: body})
    with pytest.raises(error, match=words):
        given(model, safetensors_profile())
    assert not WeightsFolder(tmp_path).holds(safetensors_profile()).obtainable


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (config_bytes("llama"), "weights for another architecture: 'llama', expected qwen3_5 or qwen3_5_moe"),
        (b"{}", "weights for another architecture: None"),
        (config_bytes("qwen3_5_moe"), "another model than Sample: model type 'qwen3_5_moe'"),
        (config_bytes(layers=32), "num_hidden_layers 32, expected 24"),
        (config_bytes(hidden=2048), "hidden_size 2048, expected 1024"),
        (b'{"model_type": "qwen3_5", "text_config": 1}', "hidden_size None, expected 1024"),
    ],
)
def test_a_checkpoint_of_another_model_is_refused(tmp_path: Path, config: bytes, words: str) -> None:
    model = put_all(tmp_path / "Sample", safetensors_model(config=config))
    with pytest.raises(EnvironmentNotReady, match=words) as raised:
        given(model, safetensors_profile())
    assert raised.value.hint == "qorch profiles list"


def test_a_checkpoint_of_the_text_part_alone_is_the_same_model(tmp_path: Path) -> None:
    config = b'{"model_type": "qwen3_5_text", "num_hidden_layers": 24, "hidden_size": 1024}'
    given(put_all(tmp_path / "Sample", safetensors_model(config=config)), safetensors_profile())


def test_a_file_where_a_folder_is_needed_is_refused(tmp_path: Path) -> None:
    path = put(tmp_path / "model.safetensors", safetensors_bytes())
    with pytest.raises(EnvironmentNotReady, match="needs a folder of safetensors"):
        given(path, safetensors_profile())
