"""An adapter's folder is read as far as planning needs it, and nothing in it is run or believed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from orchestrator.adapters.demo_model.dimensions import ARCHITECTURES
from orchestrator.adapters.lora_files import LoraError, read_loras
from orchestrator.adapters.model_files import UnsafeModel
from orchestrator.adapters.safetensors_header import SafetensorsError
from orchestrator.core.errors import ExitCode, QorchError
from orchestrator.core.lora import Adapter, Lora
from orchestrator.core.lora_match import mismatch
from tests.adapters.lora_folder import lora_folder, lora_tensors


def read(folder: Path) -> Adapter:
    (lora,) = read_loras((Lora("mine", str(folder)),))
    return lora.adapter


def refusal(folder: Path, error: type[QorchError] = LoraError) -> QorchError:
    with pytest.raises(error) as raised:
        read(folder)
    assert raised.value.hint
    return raised.value


def test_what_peft_saved_is_an_adapter_of_its_base(tmp_path: Path) -> None:
    adapter = read(lora_folder(tmp_path, base_model_name_or_path="Qwen/Qwen3.5-9B", rank_pattern={"o_proj": 4}))
    assert (adapter.ranks, adapter.base) == ((4, 8), "Qwen/Qwen3.5-9B")
    assert len(adapter.pairs) == len(lora_tensors()) // 2
    assert mismatch(adapter, ARCHITECTURES["demo"]) is None


def test_what_a_trainer_leaves_beside_it_is_not_looked_at(tmp_path: Path) -> None:
    folder = lora_folder(tmp_path)
    for name in ("optimizer.pt", "training_args.bin", "adapter_model.bin"):
        (folder / name).write_bytes(b"\x80\x04.")
    assert read(folder).pairs


def test_a_pickle_alone_is_refused_and_never_opened(tmp_path: Path) -> None:
    folder = lora_folder(tmp_path)
    (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin")
    (folder / "adapter_model.bin").chmod(0)
    error = refusal(folder, UnsafeModel)
    assert "adapter_model.bin is a pickle, which runs code when it is loaded" in error.message
    assert error.exit_code is ExitCode.ENVIRONMENT_NOT_READY


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nowhere").message.endswith("nowhere: there is no such folder")
    (tmp_path / "empty").mkdir()
    assert refusal(tmp_path / "empty").message.endswith("there is no adapter_config.json, which PEFT writes")
    os.mkfifo(tmp_path / "empty" / "adapter_config.json")
    assert refusal(tmp_path / "empty").message.endswith("there is no adapter_config.json, which PEFT writes")
    folder = lora_folder(tmp_path / "mine")
    (folder / "adapter_model.safetensors").unlink()
    assert refusal(folder).message.endswith("there is no adapter_model.safetensors")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON that can be read"),
        ("[" * 100_000, "not JSON that can be read"),
        ("[1]", "expected fields with their values"),
        ("{}", "r is None"),
        (json.dumps({"r": 8, "lora_alpha": 8, "target_modules": [], "use_dora": True}), "use_dora is True"),
    ],
)
def test_a_config_that_is_none_is_refused(tmp_path: Path, text: str, said: str) -> None:
    folder = lora_folder(tmp_path)
    (folder / "adapter_config.json").write_text(text)
    assert said in refusal(folder).message


def test_a_damaged_file_is_refused_before_an_engine_sees_it(tmp_path: Path) -> None:
    path = lora_folder(tmp_path) / "adapter_model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    assert "its tensors need" in refusal(tmp_path, SafetensorsError).message


@pytest.mark.parametrize("shape", [None, "8", [8, -1], [8.5], [[8]], {"0": 8}])
def test_a_tensor_without_a_shape_is_refused(tmp_path: Path, shape: object) -> None:
    folder = lora_folder(tmp_path)
    header = json.dumps({"x.lora_A.weight": {"dtype": "BF16", "shape": shape, "data_offsets": [0, 0]}}).encode()
    (folder / "adapter_model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    assert "has no shape" in refusal(folder, SafetensorsError).message


def test_a_whole_module_beside_the_factors_is_named(tmp_path: Path) -> None:
    tensors = {**lora_tensors(), "base_model.model.lm_head.weight": lora_tensors().popitem()[1]}
    assert (
        "tensor 'base_model.model.lm_head.weight' is neither lora_A nor lora_B"
        in refusal(lora_folder(tmp_path, tensors)).message
    )


@pytest.mark.parametrize("base", ["\x1b[2J", "line\nline", "x" * 301, 7, ["a"]])
def test_a_base_that_cannot_be_shown_on_a_terminal_is_left_out(tmp_path: Path, base: object) -> None:
    assert read(lora_folder(tmp_path, base_model_name_or_path=base)).base == ""
