"""Profile files: those that ship, and what is said of those that are wrong."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from orchestrator.adapters.demo_model import make_demo_checkpoint, make_demo_gguf
from orchestrator.adapters.demo_model.dimensions import ARCHITECTURES, MAX_POSITION_EMBEDDINGS
from orchestrator.adapters.profile_files import load_profiles, shipped_profiles_dir
from orchestrator.adapters.profile_schema import profile_schema
from orchestrator.core.errors import ExitCode, ProfileError
from orchestrator.core.parameters import vision_parameters
from orchestrator.core.profile import EngineName, ModelStatus, Precision
from tests.adapters.safetensors_file import tensor_bytes

SHIPPED = load_profiles(shipped_profiles_dir())
FILES = sorted(shipped_profiles_dir().glob("*.yaml"))
BY_NAME = {profile.name: profile for profile in SHIPPED}
OFFICIAL_QUANTISED = ("27b", "35b-a3b", "122b-a10b", "397b-a17b")
SIZES = ("0.8b", "2b", "4b", "9b", *OFFICIAL_QUANTISED)

SMALL = """\
name: small
repo: someone/small
released: "2026-05-01"
parameters: {total: 100, active_per_token: 50}
quality: {value: 0.5, source: "a guess"}
architecture:
  num_hidden_layers: 4
  full_attention_layers: 1
  hidden_size: 64
  intermediate_size: 128
  num_attention_heads: 4
  num_key_value_heads: 2
  linear_num_value_heads: 16
variants:
  - precision: gguf
    quantization: Q8_0
    file: small-Q8_0.gguf
    bytes: 110
    bytes_status: published
    source: "the hub"
"""
WRONG = [  # text to replace, replacement, line, message
    ("  hidden_size: 64", "  hiden_size: 64", 9, "architecture.hiden_size: expected one of num_hidden_layers"),
    ("  hidden_size: 64", '  hidden_size: "64"', 9, "architecture.hidden_size: expected a whole number, got '64'"),
    ("  hidden_size: 64", "  hidden_size: -1", 9, "architecture.hidden_size: expected more than 0, got -1"),
    ("    bytes: 110\n", "", 15, "variants.0.bytes: expected a value, got no such field"),
    ("precision: gguf", "precision: int3", 15, "variants.0.precision: expected 'bf16', 'fp8', 'gptq' or 'gguf'"),
    ("    quantization: Q8_0\n", "", 15, "variants.0: expected a quantization for precision gguf, e.g. Q8_0"),
    ("value: 0.5", "value: 1.5", 5, "quality.value: expected at most 1.0, got 1.5"),
    ("active_per_token: 50", "active_per_token: 500", 4, "parameters: expected active_per_token within total (100)"),
    ("full_attention_layers: 1", "full_attention_layers: 5", 6, "architecture: expected full_attention_layers within"),
    ("  intermediate_size: 128\n", "", 6, "architecture: expected either intermediate_size (dense) or experts"),
    ("name: small", "name: auto", 1, "the file: expected a name other than auto, bf16, fp8, gptq, gguf"),
    ("name: small", "name: Small Model", 1, "name: expected text that matches"),
    ("released:", "relesed:", 1, "released: expected a value, got no such field"),
    (
        "bytes_status: published",
        "bytes_status: guessed",
        19,
        "variants.0.bytes_status: expected 'published', 'computed'",
    ),
]


def written(folder: Path, text: str, name: str = "small.yaml") -> Path:
    (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize("size", SIZES)
def test_each_size_ships_in_bf16_and_two_gguf_forms(size):
    for form in ("bf16", "q8_0", "ud-q4_k_xl"):
        assert BY_NAME[f"qwen3.5-{size}-{form}"].model.status is ModelStatus.PUBLISHED


def test_the_quantised_repositories_are_the_official_ones():
    real = [p for p in SHIPPED if p.model.status is not ModelStatus.STAND_IN]
    quantised = {p.weights.repo for p in real if p.precision in (Precision.FP8, Precision.GPTQ)}
    names = [name for p in SHIPPED if (name := p.model.repo).lower().endswith(OFFICIAL_QUANTISED)]
    official = {f"{name}{suffix}" for name in names for suffix in ("-FP8", "-GPTQ-Int4")}
    assert quantised - {"article/qwen-3.5-72b-a14b"} == official


@pytest.mark.parametrize(
    ("name", "file", "size_bytes"),
    [
        ("qwen3.5-27b-ud-q4_k_xl", "Qwen3.5-27B-UD-Q4_K_XL.gguf", 17_621_125_024),
        ("qwen3.5-27b-q4_k_m", "Qwen3.5-27B-Q4_K_M.gguf", 16_728_900_000),
        ("qwen3.5-122b-a10b-q8_0", "Q8_0/Qwen3.5-122B-A10B-Q8_0-00001-of-00004.gguf", 129_871_935_040),
        (
            "qwen3.5-397b-a17b-ud-q4_k_xl",
            "UD-Q4_K_XL/Qwen3.5-397B-A17B-UD-Q4_K_XL-00001-of-00006.gguf",
            219_216_328_992,
        ),
    ],
)
def test_gguf_files_are_named_as_on_the_hub(name, file, size_bytes):
    assert (BY_NAME[name].weights.file, BY_NAME[name].weights.bytes) == (file, size_bytes)


@pytest.mark.parametrize("size", SIZES)
def test_the_projector_holds_the_vision_encoder_at_two_bytes_a_parameter(size):
    profile = BY_NAME[f"qwen3.5-{size}-q8_0"]
    assert profile.weights.mmproj_bytes == 2 * vision_parameters(profile.model.architecture.vision)
    assert profile.weights.mmproj_file == "mmproj-F16.gguf"


def test_engines_and_kernels_follow_from_the_precision():
    expected = {
        "bf16": (EngineName.VLLM, (8, 0)),
        "fp8": (EngineName.VLLM, (7, 5)),
        "gptq": (EngineName.VLLM, (7, 5)),
        "q8_0": (EngineName.LLAMA_CPP, None),
    }
    for form, requirement in expected.items():
        profile = BY_NAME[f"qwen3.5-27b-{form}"]
        assert (profile.engine, profile.min_compute_capability) == requirement


def test_the_published_family_shares_its_limits_and_the_article_has_its_own():
    for profile in SHIPPED:
        if profile.model.status is ModelStatus.PUBLISHED:
            limits = profile.model.limits
            assert (limits.max_model_len, limits.caution_past_tokens) == (262_144, 131_072)
            assert (limits.images_per_request, limits.video_seconds_per_request, limits.audio) == (32, 600, False)
    article = BY_NAME["qwen3.5-72b-a14b-gptq"].model
    assert (article.limits.max_model_len, article.limits.caution_past_tokens, article.limits.audio) == (
        256_000,
        128_000,
        True,
    )
    assert (article.status, article.architecture) == (ModelStatus.ARTICLE, None)


def test_quality_rises_with_the_index_and_falls_with_the_precision():
    qualities = [BY_NAME[f"qwen3.5-{size}-bf16"].model.quality for size in ("0.8b", "2b", "4b", "9b", "35b-a3b", "27b")]
    assert qualities == sorted(qualities)
    retained = [BY_NAME[f"qwen3.5-27b-{form}"].quality_retained for form in ("bf16", "q8_0", "fp8", "gptq", "q4_k_m")]
    assert retained == sorted(retained, reverse=True)


def test_every_figure_names_its_source():
    for profile in SHIPPED:
        assert profile.weights.source
        assert profile.quality_source
        assert profile.model.quality_source
        assert profile.model.sources or profile.model.status is ModelStatus.STAND_IN


def test_nothing_that_ships_mentions_the_workplace():
    for path in filter(Path.is_file, shipped_profiles_dir().rglob("*")):
        assert not re.search(r"shared/|/work\b|\bS\d+\b", path.read_text()), path


def test_profiles_come_small_models_first():
    totals = [profile.model.parameters.total for profile in SHIPPED]
    assert totals == sorted(totals)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_shipped_file_names_the_schema_and_satisfies_it(path):
    assert path.read_text().startswith("# yaml-language-server: $schema=./schema.json\n")
    jsonschema.validate(yaml.safe_load(path.read_text()), profile_schema())


def test_the_published_schema_is_current():
    printed = subprocess.run(
        [sys.executable, "-m", "orchestrator.adapters.profile_schema"], capture_output=True, text=True, check=True
    )
    assert (shipped_profiles_dir() / "schema.json").read_text() == printed.stdout
    assert json.loads(printed.stdout)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_a_model_is_added_by_adding_a_file(tmp_path):
    (profile,) = load_profiles(written(tmp_path, SMALL))
    assert profile.name == "small-q8_0"
    assert profile.model.architecture.head_dim == 256
    assert profile.weights.repo == "someone/small"
    assert profile.source_file == str(tmp_path / "small.yaml")
    assert len(load_profiles(shipped_profiles_dir(), tmp_path)) == len(SHIPPED) + 1


def test_a_variant_may_say_otherwise_than_its_precision(tmp_path):
    own = SMALL + '    name: tiny\n    quality_retained: 0.8\n    quality_source: "measured"\n    revision: abc\n'
    (profile,) = load_profiles(written(tmp_path, own))
    assert (profile.name, profile.quality_retained, profile.quality_source) == ("tiny", 0.8, "measured")
    assert profile.weights.revision == "abc"


def test_an_unlisted_quantization_is_valued_low_and_honestly(tmp_path):
    (profile,) = load_profiles(written(tmp_path, SMALL.replace("Q8_0", "IQ2_XXS")))
    assert profile.quality_retained == 0.9
    assert "stated by qorch" in profile.quality_source


@pytest.mark.parametrize(("old", "new", "line", "message"), WRONG)
def test_a_wrong_file_is_refused_by_file_line_and_field(tmp_path, old, new, line, message):
    assert old in SMALL
    with pytest.raises(ProfileError) as raised:
        load_profiles(written(tmp_path, SMALL.replace(old, new, 1)))
    assert f"{tmp_path / 'small.yaml'}:{line}: {message}" in raised.value.message
    assert str(tmp_path / "small.yaml") in raised.value.hint
    assert raised.value.exit_code is ExitCode.USAGE


def test_a_misspelt_field_is_met_with_the_one_that_is_meant(tmp_path):
    with pytest.raises(ProfileError, match=r"did you mean hidden_size\?"):
        load_profiles(written(tmp_path, SMALL.replace("  hidden_size", "  hiden_size")))


def test_two_files_with_one_profile_name_are_both_named(tmp_path):
    written(tmp_path, SMALL, "a.yaml")
    written(tmp_path, SMALL, "b.yaml")
    with pytest.raises(ProfileError) as raised:
        load_profiles(tmp_path)
    first, second = (f"{tmp_path / name}:15" for name in ("a.yaml", "b.yaml"))
    assert raised.value.message.startswith(f"{second}: variants.0.name: expected a name of its own")
    assert raised.value.message.endswith(f"'small-q8_0', which stands at {first} too")


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(ProfileError, match="expected a folder of profile files"):
        load_profiles(tmp_path / "none")


def test_broken_yaml_is_refused_with_its_line(tmp_path):
    with pytest.raises(ProfileError, match=r"small\.yaml:2:"):
        load_profiles(written(tmp_path, "name: small\n  repo: x: y\n"))


@pytest.mark.parametrize("model", ARCHITECTURES)
def test_a_stand_in_is_described_as_it_is_made(tmp_path, model):
    gguf, made = BY_NAME[f"{model}-gguf"], make_demo_gguf(tmp_path, model)
    assert (gguf.weights.file, gguf.weights.bytes) == (made.name, made.stat().st_size)
    if projector := gguf.weights.mmproj_file:
        assert gguf.weights.mmproj_bytes == made.with_name(projector).stat().st_size
    for precision in (Precision.BF16, Precision.GPTQ):
        folder = make_demo_checkpoint(tmp_path, model, precision)
        assert BY_NAME[f"{model}-{precision}"].weights.bytes == tensor_bytes(folder / "model.safetensors")
        config = json.loads((folder / "config.json").read_text())
        assert config.get("text_config", config)["max_position_embeddings"] == MAX_POSITION_EMBEDDINGS
    assert gguf.model.limits.max_model_len == MAX_POSITION_EMBEDDINGS
    assert gguf.model.architecture == ARCHITECTURES[model]
