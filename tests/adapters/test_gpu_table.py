"""The GPU table: what ships, how it is looked up, and how a user extends it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from orchestrator.adapters.gpu_schema import gpu_table_schema
from orchestrator.adapters.gpu_table import load_gpus, shipped_gpus_dir
from orchestrator.core.errors import SettingsError
from orchestrator.core.gpu_spec import GpuSpec
from orchestrator.core.inventory import NotAvailable

TABLE = load_gpus(shipped_gpus_dir())
FILES = sorted(shipped_gpus_dir().glob("*.yaml"))
MIB = 2**20
UNKNOWN = NotAvailable("unknown")

MINE = """\
gpus:
  - name: l4
    aliases: [mine]
    products: ["My Card"]
    memory_mib: 1024
    bandwidth_gb_s: 1
    bf16_tflops: 1
    source: "measured"
"""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_shipped_file_names_the_schema_and_satisfies_it(path: Path) -> None:
    assert path.read_text().startswith("# yaml-language-server: $schema=./schema.json\n")
    jsonschema.validate(yaml.safe_load(path.read_text()), gpu_table_schema())


def test_the_published_schema_is_current() -> None:
    command = [sys.executable, "-m", "orchestrator.adapters.gpu_schema"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (shipped_gpus_dir() / "schema.json").read_text() == printed.stdout


@pytest.mark.parametrize("spec", TABLE.specs.values(), ids=lambda spec: spec.name)
def test_figures_are_of_a_plausible_gpu(spec: GpuSpec) -> None:
    assert 8 * 2**30 <= spec.memory_bytes <= 300 * 2**30
    assert 2e11 <= spec.bandwidth_bytes_s <= 1e13
    assert 5e12 <= spec.bf16_flops <= 3e15
    native = spec.compute_capability is not None and spec.compute_capability >= (8, 9)
    assert (spec.fp8_flops is not None) is native
    assert spec.fp8_flops is None or 1.98 <= spec.fp8_flops / spec.bf16_flops <= 2.03


@pytest.mark.parametrize("text", ["a6000", "RTX A6000", " rtx_a6000 ", "NVIDIA RTX A6000"])
def test_a_name_is_known_whatever_its_case_and_spaces(text: str) -> None:
    found = TABLE.by_name(text)
    assert found is not None
    assert found.name == "rtx-a6000"


def test_a_name_that_is_nearly_right_has_suggestions() -> None:
    assert TABLE.by_name("a100-8gb") is None
    assert TABLE.near("a100-8gb")[0] == "a100-80gb"
    assert TABLE.near("4080")[0] == "rtx-4090"


@pytest.mark.parametrize("spec", TABLE.specs.values(), ids=lambda spec: spec.name)
def test_a_product_is_found_as_nvml_names_it(spec: GpuSpec) -> None:
    for product in spec.products:
        assert TABLE.by_product(product, spec.memory_bytes) == spec
        assert TABLE.by_product(product, UNKNOWN) == spec


def test_an_a6000_with_ecc_is_one_and_an_rtx_3060_of_8_gb_is_another_card() -> None:
    assert TABLE.by_product("NVIDIA RTX A6000", 46068 * MIB) == TABLE.specs["rtx-a6000"]
    assert TABLE.by_product("NVIDIA GeForce RTX 3060", 8192 * MIB) is None


def test_a_users_entry_replaces_the_shipped_one_of_that_name(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(MINE)
    table = load_gpus(shipped_gpus_dir(), tmp_path)
    assert table.specs["l4"].memory_bytes == 1024 * MIB
    assert table.by_name("mine") == table.specs["l4"]
    assert table.specs["t4"] == TABLE.specs["t4"]


def test_a_folder_that_is_not_there_adds_nothing(tmp_path: Path) -> None:
    assert load_gpus(shipped_gpus_dir(), tmp_path / "none") == TABLE


@pytest.mark.parametrize(
    ("wrong", "right", "words"),
    [
        ("memroy_mib", "memory_mib", r"mine.yaml:5: gpus.0.memroy_mib: .*did you mean memory_mib"),
        ("memory_mib: -1", "memory_mib: 1024", "mine.yaml:5: gpus.0.memory_mib: expected more than 0, got -1"),
        ("bandwidth_gb_s: .inf", "bandwidth_gb_s: 1", "mine.yaml:6: gpus.0.bandwidth_gb_s: expected"),
        ("", '    source: "measured"\n', "gpus.0.source: expected a value"),
        ("aliases: [l4]", "aliases: [mine]", "expected names of its own, got 'l4', which stands at .*mine.yaml:2"),
    ],
)
def test_a_wrong_entry_is_named_by_file_line_and_field(tmp_path: Path, wrong: str, right: str, words: str) -> None:
    (tmp_path / "mine.yaml").write_text(MINE.replace(right, wrong))
    with pytest.raises(SettingsError, match=words):
        load_gpus(tmp_path)
